import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { createInputFaults } from "../../../../loadtest/whatif/input/input-faults.ts";
import { readRows } from "../../../../loadtest/whatif/input/rows.ts";
import { timeOf } from "../../../../loadtest/whatif/input/time-of.ts";
import { readInput as read, type InputRow } from "../../../support/read-input.ts";

const folder = mkdtempSync(join(tmpdir(), "hotshard-rows-"));
after(() => rmSync(folder, { recursive: true }));

const AB: InputRow[] = [
  ["a", 3],
  ["b ö", 12],
];
const TIMED: InputRow[] = [
  ["a", 1, 0],
  ["b", 1, 1_500],
];

const FORMATS: Record<string, [content: string, rows: InputRow[]]> = {
  "a header": ["dialog,count\na,3\nb ö,12\n", AB],
  "a header in another order and case": ["Count,Key\n3,a\n12,b ö\n", AB],
  "no header, no last line end, a byte-order mark": ["\ufeffa,3\nb ö,12", AB],
  "a header of unknown names, line ends of Windows, empty lines": ["chat;msgs\r\na;3\r\n\r\nb ö;12\r\n", AB],
  tabs: ["key\tcount(*)\na\t3\nb ö\t12\n", AB],
  quotes: ['dialog,count\n"a",3\n"b ö","12"\n', AB],
  "uniq -c": ["      3 a\n     12 b ö\n", AB],
  "uniq -c whose first count fills its seven places": [
    "12345678 a\n 123456 b c\n      3 4 d\n",
    [
      ["a", 12_345_678],
      ["b c", 123_456],
      ["4 d", 3],
    ],
  ],
  "a line of spaces before the header": ["  \ndialog,count\n \na,3\nb ö,12\n", AB],
  NDJSON: ['{"dialog":"a","count":3}\n{"key":"b ö","messages":12}\n', AB],
  "NDJSON with names in capitals": ['{"DIALOG":"a","COUNT":3}\n{"ID":7,"Key":"b ö","MESSAGES":"12"}\n', AB],
  "one key a line": [
    "dialog\na\na\nb\n",
    [
      ["a", 1],
      ["a", 1],
      ["b", 1],
    ],
  ],
  "a trace": ["time,dialog\n1970-01-01T00:00:00Z,a\n1970-01-01 00:00:01.5,b\n", TIMED],
  "a whole table of messages, whose id is not the dialog": [
    "id,created_at,,dialog\n41,1970-01-01T00:00:00Z,,a\n42,1970-01-01T00:00:01.5Z,,b\n",
    TIMED,
  ],
  "a trace without a header": ["1970-01-01T00:00:00Z,a\n1970-01-01T01:00:01.5+01:00,b\n", TIMED],
  "a trace in seconds, NDJSON": ['{"ts":0,"dialog":"a"}\n{"ts":1.5,"dialog":"b"}\n', TIMED],
  "counts with times": [
    "time,dialog,count\n0,a,2\n1.5,b,3\n",
    [
      ["a", 2, 0],
      ["b", 3, 1_500],
    ],
  ],
  "keys with commas, quotes and numbers": [
    'dialog,count\n"x, ""y""",1\n12345,2\n',
    [
      ['x, "y"', 1],
      ["12345", 2],
    ],
  ],
  "counts of 0 and of a sum": ["dialog,count\na,0\nb,7.000\n", [["b", 7]]],
  nothing: ["", []],
  "only a header": ["dialog,count\n", []],
};

for (const [name, [content, rows]] of Object.entries(FORMATS)) {
  test(`${name}, packed or not`, async () => {
    const found = await read(content);
    assert.deepEqual([found.rows, found.faults], [rows, []]);
    assert.deepEqual((await read(gzipSync(content))).rows, rows);
  });
}

const BAD: Record<string, [content: string | Uint8Array, code: string, line: number, kept: number]> = {
  "a negative count": ["dialog,count\na,3\nb,-2\nc,-1\nd,1\n", "NEGATIVE_COUNT", 3, 2],
  "a count that is none": ["dialog,count\na,3\nb,many\n", "BAD_COUNT", 3, 1],
  "a count beyond 2^53": ["dialog,count\na,3\nb,9007199254740993\n", "BAD_COUNT", 3, 1],
  "a missing column": ["dialog,count\na,3\nb\n", "BAD_ROW", 3, 1],
  "a key with a comma": ["dialog,count\na,b,3\nb,1\n", "BAD_ROW", 2, 1],
  "no key": ["dialog,count\n,3\nb,1\n", "BAD_ROW", 2, 1],
  "no time": ["time,dialog\n1,a\nsoon,b\n", "BAD_TIME", 3, 1],
  "a day that is none": ["time,dialog\n2026-01-01,a\n2026-13-01,b\n", "BAD_TIME", 3, 1],
  "a count that is an object, NDJSON": [
    '{"dialog":"a","count":1}\n{"dialog":"b","count":{"messages":15230}}\n',
    "BAD_COUNT",
    2,
    1,
  ],
  "a count of null, NDJSON": ['{"dialog":"a","count":1}\n{"dialog":"b","count":null,"n":7}\n', "BAD_COUNT", 2, 1],
  "a time that is an object, NDJSON": [
    '{"dialog":"a","ts":1}\n{"dialog":"b","ts":{"$timestamp":2}}\n',
    "BAD_TIME",
    2,
    1,
  ],
  "a key of more digits than a number holds, NDJSON": [
    '{"key":9007199254740991}\n{"key":9007199254740993}\n{"key":"9007199254740993"}\n',
    "BAD_ROW",
    2,
    2,
  ],
  "a key of null beside an id, NDJSON": ['{"dialog":"a","id":1}\n{"dialog":null,"id":2}\n', "BAD_ROW", 2, 1],
  "no JSON": ['{"key":"a","count":1}\n{"key":\n', "BAD_ROW", 2, 1],
  "bytes that are no UTF-8": [Buffer.from("dialog,count\na,3\n\xff\xfe,4\nb,1\n", "latin1"), "BAD_UTF8", 3, 2],
};

for (const [name, [content, code, line, kept]] of Object.entries(BAD)) {
  test(`${name} is left out and told with its line`, async () => {
    const { rows, faults } = await read(content);
    assert.equal(rows.length, kept);
    assert.deepEqual(
      faults.map((fault) => [fault.code, fault.where, fault.lost]),
      [[code, `in line ${line}`, true]],
    );
    if (code === "NEGATIVE_COUNT") assert.equal(faults[0]!.lines, 2);
  });
}

test("UTF-16, as spreadsheets and PowerShell save it, is told to be that", async () => {
  const utf16 = Buffer.from("\ufeffdialog,count\na,3\n", "utf16le");
  await assert.rejects(read(utf16), { code: "NOT_TEXT", message: /UTF-16/u });
});

test("times stay with their rows when a line of NDJSON has none", async () => {
  const timed =
    '{"dialog":"a"}\n{"dialog":"b","ts":60}\n{"dialog":"c","ts":null}\n{"dialog":"d"}\n{"dialog":"e","ts":180}\n';
  const { rows, faults } = await read(timed);
  assert.deepEqual(rows, [
    ["b", 1, 60_000],
    ["e", 1, 180_000],
  ]);
  assert.deepEqual(
    faults.map(({ code, where, lines, lost }) => [code, where, lines, lost]),
    [["BAD_TIME", "in line 1", 3, true]],
  );
  // What begins without times or without counts for long has none.
  const late = await read(
    `${'{"dialog":"a","count":2}\n'.repeat(4_000)}{"dialog":"b","count":1,"ts":60}\n{"dialog":"c"}\n`,
  );
  assert.deepEqual(late.rows.slice(-2), [
    ["a", 2],
    ["b", 1],
  ]);
  assert.deepEqual(
    late.faults.map(({ code, where, lost }) => [code, where, lost]),
    [
      ["BAD_TIME", "in line 4001", false],
      ["BAD_COUNT", "in line 4002", true],
    ],
  );
  const uncounted = await read(`${'{"dialog":"a"}\n'.repeat(9_000)}{"dialog":"b","count":7}\n`);
  assert.deepEqual([uncounted.rows.length, uncounted.faults[0]?.code], [9_000, "BAD_COUNT"]);
});

const MANY = `dialog,count\n${Array.from({ length: 300_000 }, (_, i) => `key-${(i * 2_654_435_761) % 4_294_967_296},${i + 1}\n`).join("")}`;

test("a gzip that was cut keeps the lines before; one of several members is whole", async () => {
  const packed = gzipSync(MANY);
  const cut = await read(packed.subarray(0, packed.length / 2));
  assert.ok(cut.rows.length > 100_000 && cut.rows.length < 200_000, `${cut.rows.length} rows`);
  // No half line: each count is that of its row.
  assert.ok(cut.rows.every(([, count], i) => count === i + 1));
  const [fault] = cut.faults;
  assert.deepEqual([fault?.code, fault?.where], ["GZIP_CUT", `in line ${cut.rows.length + 2}`]);
  const both = await read(Buffer.concat([gzipSync("a,1\n"), gzipSync("b,2\n")]));
  assert.deepEqual(
    [both.rows, both.faults],
    [
      [
        ["a", 1],
        ["b", 2],
      ],
      [],
    ],
  );
  const damaged = Buffer.from(packed);
  damaged.fill(0x55, packed.length - 40_000, packed.length - 30_000);
  const broken = await read(damaged);
  assert.equal(broken.faults[0]?.code, "GZIP_BROKEN");
  assert.ok(broken.rows.length > 0 && broken.rows.length < 300_000);
});

test("a file of many pieces loses no line between them, and knows their numbers", async () => {
  const { rows } = await read(MANY);
  assert.equal(rows.length, 300_000);
  assert.ok(rows.every(([, count], i) => count === i + 1));
  const { faults } = await read(`${MANY}x,-1\n`);
  assert.equal(faults[0]?.where, "in line 300002");
});

test("what cannot be read at all says so", async () => {
  await assert.rejects(read("a,b,c,d\n1,2,3,4\n"), { code: "BAD_COLUMNS", message: /dialog,count/ });
  // Times and keys, or keys and counts?
  await assert.rejects(read("1760000000,42\n1760000001,17\n"), { code: "BAD_COLUMNS" });
  assert.equal((await read("1000200,42\n1000300,17\n")).rows[0]?.[1], 42);
  await assert.rejects(read(Buffer.alloc(20_000_000, 65)), { code: "NOT_TEXT" });
  const nowhere = readRows(join(folder, "nowhere.csv"), createInputFaults("x"));
  await assert.rejects(nowhere.next(), { code: "NO_INPUT", message: /nowhere\.csv/ });
});

test("a time is a date or a number whose size tells its unit", () => {
  const ms = Date.UTC(2026, 10, 22, 13, 5);
  for (const text of [
    "2026-11-22T13:05:00Z",
    "2026-11-22 13:05",
    "2026-11-22T15:05+0200",
    String(ms / 1e3),
    String(ms),
    `${ms}000`,
    `${ms}000000`,
  ]) {
    assert.equal(timeOf(text), ms, text);
  }
  assert.equal(timeOf("2024-02-29T24:00"), Date.UTC(2024, 2, 1));
  assert.equal(timeOf("2016-12-31T23:59:60.5Z"), Date.UTC(2017, 0, 1, 0, 0, 0, 500));
  for (const text of [
    "",
    "now",
    "-5",
    "1e9",
    "2026-11-22T25:00:00Z",
    "2026-1-2",
    "2024-02-31",
    "2023-02-29",
    "0000-00-00 00:00:00",
    "2026-11-22T24:30",
    "2026-11-22T10:00:61Z",
    "9".repeat(22),
  ])
    assert.ok(Number.isNaN(timeOf(text)), text);
});
