import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { readPage } from "../../../../loadtest/run/server-metrics/page.ts";
import { createRecording } from "../../../../loadtest/run/server-metrics/recording.ts";

const page = (series: Readonly<Record<string, number>>) =>
  readPage(
    `# TYPE a gauge\n${Object.entries(series)
      .map(([name, value]) => `${name} ${value}\n`)
      .join("")}# EOF\n`,
  );

test("each series stands by itself, with the moments at which it was there", () => {
  const recording = createRecording({ job: "chat", instance: "h:1" });
  recording.add(1_000, page({ a: 1 }));
  recording.add(2_500, page({ a: 2, 'a{b="c"}': 7 }));
  recording.add(3_000, page({ 'a{b="c"}': 8 }));
  assert.equal(
    [...recording.lines()].join(""),
    `# TYPE a gauge
a{job="chat",instance="h:1"} 1 1
a{job="chat",instance="h:1"} 2 2.5
a{job="chat",instance="h:1",b="c"} 7 2.5
a{job="chat",instance="h:1",b="c"} 8 3
# EOF
`,
  );
});

test("however long it lasts, no more values are kept than allowed, from the first page on", () => {
  const sizes = fc.record({ pages: fc.integer({ min: 1, max: 200 }), series: fc.integer({ min: 1, max: 5 }) });
  fc.assert(
    fc.property(sizes, ({ pages, series }) => {
      const recording = createRecording({ job: "chat" }, 20);
      const names = Array.from({ length: series }, (_, number) => `a{n="${number}"}`);
      // A sampler waits longer when pages were left out.
      let at = 0;
      for (let count = 0; count < pages; count += 1, at += 1_000 * 2 ** recording.thinned)
        recording.add(at, page(Object.fromEntries(names.map((name) => [name, at]))));
      const lines = [...recording.lines()]
        .join("")
        .split("\n")
        .filter((line) => line.startsWith("a{"));
      assert.ok(lines.length <= 20 && lines.length === series * recording.pages, `${lines.length} lines`);
      const times = lines.filter((line) => line.includes('n="0"')).map((line) => Number(line.split(" ")[2]));
      assert.equal(times[0], 0);
      const gaps = times.slice(1).map((time, index) => time - times[index]!);
      // A page that was the last one before half of them went may be missing.
      assert.ok(Math.max(0, ...gaps) <= 2 * Math.min(Infinity, ...gaps), times.join());
      for (const line of lines) assert.equal(Number(line.split(" ")[1]), Number(line.split(" ")[2]) * 1000);
    }),
  );
});
