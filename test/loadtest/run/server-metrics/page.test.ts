import assert from "node:assert/strict";
import { test } from "node:test";
import { numberText, readPage } from "../../../../loadtest/run/server-metrics/page.ts";

test("a page is read family by family, without its exemplars", () => {
  const page = readPage(`# HELP chat_wait_seconds Time { in "a queue"
# TYPE chat_wait_seconds histogram
chat_wait_seconds_bucket{le="0.1",shard="00"} 3 # {dialog="a} b"} 0.05 1700000000.5
chat_wait_seconds_bucket{le="+Inf",shard="00"} 4
chat_wait_seconds_sum{shard="00"} 1.5e-7
# TYPE chat_errors counter
chat_errors_total{text="a \\"} b\\\\"} 0
# TYPE up gauge
up 1
lag NaN
no line of a page
# EOF
`);
  assert.deepEqual(page, [
    {
      name: "chat_wait_seconds",
      about: ['# HELP chat_wait_seconds Time { in "a queue"', "# TYPE chat_wait_seconds histogram"],
      samples: [
        { name: "chat_wait_seconds_bucket", labels: 'le="0.1",shard="00"', value: 3 },
        { name: "chat_wait_seconds_bucket", labels: 'le="+Inf",shard="00"', value: 4 },
        { name: "chat_wait_seconds_sum", labels: 'shard="00"', value: 1.5e-7 },
      ],
    },
    {
      name: "chat_errors",
      about: ["# TYPE chat_errors counter"],
      samples: [{ name: "chat_errors_total", labels: 'text="a \\"} b\\\\"', value: 0 }],
    },
    {
      name: "up",
      about: ["# TYPE up gauge"],
      samples: [
        { name: "up", labels: "", value: 1 },
        { name: "lag", labels: "", value: Number.NaN },
      ],
    },
  ]);
});

test("numbers are written as OpenMetrics writes them", () => {
  const table: [number, string][] = [
    [0, "0"],
    [1e-7, "1e-7"],
    [Infinity, "+Inf"],
    [-Infinity, "-Inf"],
    [Number.NaN, "NaN"],
  ];
  for (const [value, text] of table) {
    assert.equal(numberText(value), text);
    assert.deepEqual(readPage(`# TYPE a gauge\na ${text}`)[0]?.samples[0]?.value, value);
  }
});
