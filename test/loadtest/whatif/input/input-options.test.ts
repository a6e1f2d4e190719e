import assert from "node:assert/strict";
import { test } from "node:test";
import { countOf } from "../../../../loadtest/whatif/input/count-of.ts";
import { inputFormat, type InputOptions } from "../../../../loadtest/whatif/input/input-options.ts";
import { readInput, type InputRow } from "../../../support/read-input.ts";

const AB: InputRow[] = [
  ["a", 3],
  ["b", 12],
];
const EACH: InputRow[] = [
  ["a", 1],
  ["b", 1],
];

const SAID: Record<string, [content: string, options: InputOptions, rows: InputRow[]]> = {
  "columns by name": ["x,room_nr,hits\n9,a,3\n9,b,12\n", { key: "room_nr", count: "HITS" }, AB],
  "columns by number, without a header": ["9,a,3\n9,b,12\n", { key: "2", count: "3" }, AB],
  "columns by number, with a header": ["x,y,z\n9,a,3\n9,b,12\n", { key: "2", count: "3" }, AB],
  "the count alone, of two columns": ["3,a\n12,b\n", { count: "1" }, AB],
  "the key alone, of two columns": ["hits,room_nr\n3,a\n12,b\n", { key: "room_nr" }, AB],
  "the key alone, beside a count of a known name": ["size,room_nr,count\n9,a,3\n9,b,12\n", { key: "room_nr" }, AB],
  "each line is one message": ["room_nr,size\na,3\nb,12\n", { key: "room_nr", count: "none" }, EACH],
  "a number that the first row holds, too": [
    "2,3\n4,12\n",
    { key: "1", count: "2" },
    [
      ["2", 3],
      ["4", 12],
    ],
  ],
  "a time": [
    "at_ms,room_nr\n1000,a\n2000,b\n",
    { time: "at_ms" },
    [
      ["a", 1, 1_000_000],
      ["b", 1, 2_000_000],
    ],
  ],
  "keys that begin with numbers": [
    "10 Downing Street\n7 Dials\n",
    { format: "keys" },
    [
      ["10 Downing Street", 1],
      ["7 Dials", 1],
    ],
  ],
  "keys that look like a table": [
    "a,3\nb,12\n",
    { format: "keys" },
    [
      ["a,3", 1],
      ["b,12", 1],
    ],
  ],
  "keys under a header": ["room_nr\na\nb\n", { format: "keys", key: "room_nr" }, EACH],
  "spaces, as of awk": ["a 3\nb   12\n", { format: "spaces" }, AB],
  "spaces, count first": ["3 a\n12 b\n", { format: "spaces", key: "2", count: "1" }, AB],
  "spaces, as of sqlite3 -column": [
    "dialog  count\n------  -----\na       3    \nb       12   \n",
    { format: "spaces" },
    AB,
  ],
  "uniq -c without its places": ["3 a\n12 b\n", { format: "uniq" }, AB],
  "tabs whose quotes mean nothing": [
    '"a\t3\n"b"\t12\n',
    { format: "tsv" },
    [
      ['"a', 3],
      ['"b"', 12],
    ],
  ],
  "tabs with quotes around line ends": [
    '"a\tx\ny"\t3\nb\t12\n',
    { format: "csv" },
    [
      ["a\tx\ny", 3],
      ["b", 12],
    ],
  ],
  "a drawn table": [
    " x | dialog | n\n---+--------+---\n 1 | a | 3\n 2 | b | 12\n",
    { format: "table", count: "n" },
    AB,
  ],
  "fields of NDJSON": ['{"room_nr":"a","sum":3}\n{"room_nr":"b","sum":12}\n', { key: "room_nr", count: "sum" }, AB],
  "NDJSON of messages with other numbers": [
    '{"dialog":"a","size":3}\n{"dialog":"b","size":12}\n',
    { count: "none" },
    EACH,
  ],
  "an object of counts whose keys are names of fields": ['{"room": 3, "n": 12}', { format: "json" }, [["3", 12]]],
  "counts by key, one of which is called room": [
    '{"room": 3, "b": 12}',
    { format: "json" },
    [
      ["room", 3],
      ["b", 12],
    ],
  ],
  "fields of a document": [
    '{"data":[{"room_nr":"a","sum":3},{"room_nr":"b","sum":12}]}',
    { key: "room_nr", count: "sum" },
    AB,
  ],
};

for (const [name, [content, options, rows]] of Object.entries(SAID)) {
  test(`said: ${name}`, async () => {
    const found = await readInput(content, options);
    assert.deepEqual([found.rows, found.faults], [rows, []]);
  });
}

const UNTRUE: Record<string, [content: string, options: InputOptions, code: string, why: RegExp]> = {
  "a column that is not there": [
    "dialog,count\na,3\n",
    { key: "room" },
    "BAD_COLUMNS",
    /no column room \(--key\); there are "dialog", "count"/u,
  ],
  "a column beyond the last": ["dialog,count\na,3\n", { count: "3" }, "BAD_COLUMNS", /no column 3 \(--count\)/u],
  "a field that is not there": [
    '{"dialog":"a","count":3}\n{"dialog":"b","count":3}\n',
    { count: "sum" },
    "BAD_COLUMNS",
    /no field sum \(--count\)/u,
  ],
  "one column for two": ["dialog,count\na,3\n", { key: "count" }, "BAD_OPTIONS", /different columns/u],
  "columns of what has none": ["      3 a\n", { key: "2" }, "BAD_OPTIONS", /--key: \S+in is the output of uniq -c/u],
  "a table that is not drawn": ["dialog,count\na,3\n", { format: "table" }, "UNKNOWN_FORMAT", /not a drawn table/u],
  "JSON that is none": ["dialog,count\n", { format: "ndjson" }, "UNKNOWN_FORMAT", /not a JSON object a line/u],
  "more than one column of numbers": ["room_nr,x,y\na,3,4\n", { key: "room_nr" }, "BAD_COLUMNS", /--count none/u],
};

for (const [name, [content, options, code, message]] of Object.entries(UNTRUE)) {
  test(`said and untrue: ${name}`, async () => assert.rejects(readInput(content, options), { code, message }));
}

test("a format that there is not is refused with all there are", () => {
  assert.equal(inputFormat("--format", "uniq"), "uniq");
  assert.throws(() => inputFormat("--format", "toString"), {
    code: "BAD_OPTIONS",
    message: /no format "toString"; .*uniq \(/u,
  });
});

test("what was read is said by the names that the input has", async () => {
  const csv = await readInput("Room,N\na,3\n");
  assert.deepEqual(csv.reading, { format: "CSV", key: "Room", count: "N", time: null, eachOne: false });
  const keys = await readInput("a\nb\n");
  assert.deepEqual(keys.reading, { format: "one key a line", key: null, count: null, time: null, eachOne: true });
  const json = await readInput('[{"key":"a","doc_count":3}]');
  assert.deepEqual(json.reading, {
    format: "a JSON array of rows",
    key: "key",
    count: "doc_count",
    time: null,
    eachOne: false,
  });
});

test("a count is a whole number, however it is written", () => {
  const counts: Record<string, number> = {
    "0": 0,
    "1500": 1_500,
    "1500.": 1_500,
    "1500.00": 1_500,
    "1e3": 1_000,
    "1.523E+04": 15_230,
    "1,500": 1_500,
    "1,500.00": 1_500,
    "12,345,678": 12_345_678,
    "1.234.567": 1_234_567,
    "1'500": 1_500,
    "1 500": 1_500,
    "1\u00a0500": 1_500,
    "1\u00c2\u00a0500": 1_500,
    "1\u202f500": 1_500,
    "9007199254740991": 9_007_199_254_740_991,
    "1.000": 1,
  };
  for (const [text, count] of Object.entries(counts)) assert.equal(countOf(text), count, text);
  for (const text of [
    "",
    "-1",
    "1.5",
    "1,5",
    "15,00",
    "1,5000",
    "1,234.567.890",
    "1'500,000",
    "1e-3",
    "0x10",
    "9007199254740993",
    "1e16",
    "ten",
  ]) {
    assert.ok(Number.isNaN(countOf(text)), text);
  }
  // Where a comma stands before the decimals, one group may be decimals.
  for (const text of ["1.000", "1,000"]) assert.ok(Number.isNaN(countOf(text, true)), text);
  assert.equal(countOf("1.000.000", true), 1_000_000);
});
