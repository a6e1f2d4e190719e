import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { CLIENT_REFUSALS } from "../../../support/client-refusals.ts";
import { CLIENT_TABLES } from "../../../support/client-tables.ts";
import { readInput, type InputRow } from "../../../support/read-input.ts";

const TABLE: InputRow[] = [
  ["a", 3],
  ["b ö", 12],
  ["c", 1_500],
];

for (const [name, content] of Object.entries(CLIENT_TABLES)) {
  test(`${name}: the counts are those of the table`, async () => {
    for (const bytes of [content, content.replaceAll("\n", "\r\n"), gzipSync(content)]) {
      const { rows, faults, reading } = await readInput(bytes);
      assert.deepEqual([rows, faults, reading?.eachOne], [TABLE, [], false]);
    }
  });
}

const WHY: Record<string, [code: string, line: number, why: RegExp]> = {
  "mysql -E": ["UNKNOWN_FORMAT", 1, /mysql -B/u],
  "mysql -E -N": ["UNKNOWN_FORMAT", 1, /mysql -B/u],
  "mysql -X": ["UNKNOWN_FORMAT", 1, /XML/u],
  "mysql -t -vv": ["UNKNOWN_FORMAT", 1, /marks/u],
  "psql -x": ["UNKNOWN_FORMAT", 1, /psql --csv/u],
  "psql -x -t": ["UNKNOWN_FORMAT", 1, /a row a line/u],
  "psql -x -A": ["UNKNOWN_FORMAT", 1, /a row a line/u],
  "psql -P border=0": ["UNKNOWN_FORMAT", 1, /a space/u],
  "psql -P linestyle=unicode": ["UNKNOWN_FORMAT", 1, /drawn with lines/u],
  "sqlite3 -box": ["UNKNOWN_FORMAT", 1, /sqlite3 -csv/u],
  "sqlite3 -column": ["UNKNOWN_FORMAT", 1, /a space/u],
  "sqlite3 -line": ["UNKNOWN_FORMAT", 1, /a row a line/u],
  "ClickHouse PrettyCompact": ["UNKNOWN_FORMAT", 1, /CSVWithNames/u],
  "ClickHouse PrettySpace": ["UNKNOWN_FORMAT", 1, /a space/u],
  "ClickHouse Vertical": ["UNKNOWN_FORMAT", 1, /CSVWithNames/u],
  "ClickHouse TSKV": ["BAD_COLUMNS", 1, /dialog=a/u],
  "ClickHouse Values": ["UNKNOWN_FORMAT", 1, /SQL/u],
  "ClickHouse JSONColumns": ["UNKNOWN_FORMAT", 0, /dialog, count/u],
  "redis-cli --hotkeys": ["UNKNOWN_FORMAT", 2, /logarithms/u],
  "redis-cli --bigkeys": ["UNKNOWN_FORMAT", 2, /sizes/u],
  "redis-cli HGETALL": ["UNKNOWN_FORMAT", 2, /a number alone/u],
  "redis-cli --csv ZRANGE … WITHSCORES": ["BAD_COLUMNS", 1, /4 columns/u],
};

/** Refused as a whole, on one line that says what was seen and how to say what it is. */
async function refused(content: string, code: string, line: number, why: RegExp): Promise<void> {
  await assert.rejects(readInput(content), (error: Error & { code: string }) => {
    assert.equal(error.code, code, error.message);
    if (line > 0) assert.match(error.message, new RegExp(`/in line ${line}[ :]`, "u"));
    assert.match(error.message, why);
    assert.match(error.message, /CSV|dialog,count/u);
    assert.match(error.message, /--format csv\|.*--key and --count/u);
    assert.doesNotMatch(error.message, /\n/u);
    return true;
  });
}

test("what is printed and not read is refused, all of it", () => {
  assert.deepEqual(Object.keys(CLIENT_REFUSALS).toSorted(), Object.keys(WHY).toSorted());
});

for (const [name, [code, line, why]] of Object.entries(WHY)) {
  test(`${name}: refused`, async () => refused(CLIENT_REFUSALS[name]!, code, line, why));
}

/** As their pages show them: none of these can be had here. */
const OTHERS: Record<string, [content: string, rows: InputRow[]]> = {
  "PowerShell's Export-Csv, with its #TYPE": [
    '#TYPE Selected.System.Management.Automation.PSCustomObject\r\n"dialog","count"\r\n"a","3"\r\n"b ö","12"\r\n"c","1500"\r\n',
    TABLE,
  ],
  "a spreadsheet's sep= above semicolons": ["sep=;\r\ndialog;count\r\na;3\r\nb ö;12\r\nc;1500\r\n", TABLE],
  "comments above a header of known names": ["# exported\n# by day\ndialog,count\na,3\nb ö,12\nc,1500\n", TABLE],
  "cqlsh with its warning": [
    "\n dialog | count\n--------+-------\n      a |     3\n    b ö |    12\n      c |  1500\n\n(3 rows)\n\nWarnings :\nAggregation query used without partition key\n\n",
    TABLE,
  ],
  "psql with \\timing": [
    " dialog | count \n--------+-------\n a      |     3\n b ö    |    12\n c      |  1500\n(3 rows)\n\nTime: 2.028 ms\n",
    TABLE,
  ],
  "two files, each with its header": ["dialog,count\na,3\nb ö,12\ndialog,count\nc,1500\n", TABLE],
  "mongoexport, canonical": [
    '{"_id":"a","count":{"$numberInt":"3"}}\n{"_id":"b ö","count":{"$numberLong":"12"}}\n{"_id":"c","count":{"$numberDouble":"1500.0"}}\n',
    TABLE,
  ],
  "$group over a document": [
    '{"_id":{"dialog":"a"},"n":3}\n{"_id":{"dialog":"b ö"},"n":12}\n{"_id":{"dialog":"c"},"n":1500}\n',
    TABLE,
  ],
  "an aggregation of Elasticsearch": [
    JSON.stringify({
      took: 5,
      _shards: { total: 1, successful: 1 },
      hits: { total: { value: 1515 }, hits: [] },
      aggregations: {
        dialogs: {
          doc_count_error_upper_bound: 0,
          sum_other_doc_count: 0,
          buckets: [
            { key: "a", doc_count: 3 },
            { key: "b ö", doc_count: 12 },
            { key: "c", doc_count: 1_500 },
          ],
        },
      },
    }),
    TABLE,
  ],
  "buckets of a composite aggregation, jq -c": [
    '{"key":{"dialog":"a"},"doc_count":3}\n{"key":{"dialog":"b ö"},"doc_count":12}\n{"key":{"dialog":"c"},"doc_count":1500}\n',
    TABLE,
  ],
  "jq to_entries": [
    '[\n  {\n    "key": "a",\n    "value": 3\n  },\n  {"key":"b ö","value":12},{"key":"c","value":1500}\n]\n',
    TABLE,
  ],
  "jq without -c, a value after the other": [
    '{\n  "key": "a",\n  "value": 3\n}\n{\n  "key": "b ö",\n  "value": 12\n}\n{\n  "key": "c",\n  "value": 1500\n}\n',
    TABLE,
  ],
  "an object of counts by key": ['{"a": 3, "b ö": 12, "c": 1.5e3}', TABLE],
  "an object of counts in another": ['{"counts": {"a": 3, "b ö": 12, "c": 1500}}', TABLE],
  "one row alone": ['{"dialog":"a","count":3}', [["a", 3]]],
  "bq --format=json": [
    '[{"dialog":"a","f0_":"3","n":"3"},{"dialog":"b ö","f0_":"1","n":"12"},{"dialog":"c","f0_":"1","n":"1500"}]',
    TABLE,
  ],
  "counts as 1e3, 1000.0 and with thousands": [
    'dialog,count\na,3.0\nb ö,1.2E+1\nc,"1,500"\nd,"1,234,567"\ne,1e3\n',
    [...TABLE, ["d", 1_234_567], ["e", 1_000]],
  ],
  "keys with delimiters, quotes and line ends": [
    'dialog,count\r\n"a,b",3\r\n"say ""hi""\r\n, twice",12\r\n\r\nc,1500\r\n',
    [
      ["a,b", 3],
      ['say "hi"\r\n, twice', 12],
      ["c", 1_500],
    ],
  ],
  "a column of key and time beside others": [
    'created_at,text,"dialog"\n1970-01-01T00:00:00Z,"well,\nwell",a\n1970-01-01T00:00:01Z,"",b\n',
    [
      ["a", 1, 0],
      ["b", 1, 1_000],
    ],
  ],
  "mysql -B with quotes that are no quotes": [
    'dialog\tcount\n"a\t3\nsay "b"\t12\n',
    [
      ['"a', 3],
      ['say "b"', 12],
    ],
  ],
  "semicolons between, commas within": [
    "a,b;3\nc;1500\n",
    [
      ["a,b", 3],
      ["c", 1_500],
    ],
  ],
};

for (const [name, [content, rows]] of Object.entries(OTHERS)) {
  test(`${name}: read`, async () => {
    const found = await readInput(content);
    assert.deepEqual([found.rows, found.faults], [rows, []]);
  });
}

const OTHER_REFUSALS: Record<string, [content: string, code: string, line: number, why: RegExp]> = {
  "counts a day beside their time": ["date,dialog,hits\n2026-11-22,a,3\n2026-11-23,a,4\n", "BAD_COLUMNS", 1, /"hits"/u],
  "counts an hour beside their time, NDJSON": [
    '{"ts":"2026-11-22T10:00:00Z","dialog":"a","hits":3}\n{"ts":"2026-11-22T11:00:00Z","dialog":"a","hits":4}\n',
    "BAD_COLUMNS",
    1,
    /--count hits, or --count none/u,
  ],
  "numbers of which the first are the counts": [
    "3,4711\n1,4712\n3,4713\n",
    "BAD_COLUMNS",
    1,
    /2 columns, "3", "4711"/u,
  ],
  "a status of numbers": ['{"took": 5, "total": 3}', "UNKNOWN_FORMAT", 0, /may be a row or counts by key/u],
  "prose that ends in numbers": ["Sent on Monday 5\nSent on Tuesday 7\n", "UNKNOWN_FORMAT", 1, /a number at the end/u],
  prose: ["Nothing was found.\n", "UNKNOWN_FORMAT", 1, /"Nothing was found\." has a space/u],
  "kafka-get-offsets": ["messages:0:15230\nmessages:1:122\n", "UNKNOWN_FORMAT", 1, /name:partition:offset.*kcat/u],
  "key and count with a space, of awk": ["room-7 15\nroom-9 122\n", "UNKNOWN_FORMAT", 1, /a number at the end/u],
  "count and key without the places of uniq -c": ["15 room-7\n122 room-9\n", "UNKNOWN_FORMAT", 1, /at the begin/u],
  "key=count": ["room-7=15\nroom-9=122\n", "UNKNOWN_FORMAT", 1, /after a mark/u],
  "keys of Redis that end in numbers": ["chat:15\nchat:122\n", "UNKNOWN_FORMAT", 1, /after a mark/u],
  "numbers alone": ["15\n122\n", "UNKNOWN_FORMAT", 1, /a number alone/u],
  "redis-cli MONITOR": ['1339518083.107412 [0 127.0.0.1:60866] "get" "chat:1"\n', "UNKNOWN_FORMAT", 1, /MONITOR/u],
  "mongosh's own notation": ["[\n  { _id: 'room-7', count: 3 },\n]\n", "UNKNOWN_FORMAT", 0, /EJSON\.stringify/u],
  "NDJSON whose count has another name": [
    '{"dialog":"a","sum":3}\n{"dialog":"b","sum":12}\n',
    "BAD_COLUMNS",
    1,
    /--count sum/u,
  ],
  "a value beside a time": [
    '{"dialog":"a","ts":1,"value":3}\n{"dialog":"a","ts":2,"value":3}\n',
    "BAD_COLUMNS",
    1,
    /--count value/u,
  ],
  "messages with an id of their own": [
    '{"_id":"1","chat":"a"}\n{"_id":"2","chat":"a"}\n',
    "BAD_COLUMNS",
    1,
    /the message's own: say --key/u,
  ],
  "a date_histogram": [
    '{"key_as_string":"2026-11-22","key":1795305600000,"doc_count":3}\n{"key_as_string":"2026-11-23","key":1795392000000,"doc_count":4}\n',
    "BAD_COLUMNS",
    1,
    /date_histogram/u,
  ],
  "rows in two places": ['{"a":[{"key":"x","n":1}],"b":[{"key":"y","n":1}]}', "UNKNOWN_FORMAT", 0, /\.a and \.b/u],
  "a row, or counts by key": ['{"room": 3, "lobby": 7}', "UNKNOWN_FORMAT", 0, /may be a row or counts by key/u],
  "an array of numbers": ["[3, 12]", "UNKNOWN_FORMAT", 0, /element 1, 3, is neither/u],
  "no JSON": ['{"dialog": "a",\n "count": }', "UNKNOWN_FORMAT", 0, /is none \(/u],
  "messages whose table has an id, a time and no known key": [
    "id,created_at,chat\n1,2026-01-01T00:00:00Z,a\n",
    "BAD_COLUMNS",
    1,
    /3 columns, "id"/u,
  ],
  "columns of unknown names": ["room_nr,size,age\n1,2,3\n", "BAD_COLUMNS", 1, /3 columns/u],
};

for (const [name, [content, code, line, why]] of Object.entries(OTHER_REFUSALS)) {
  test(`${name}: refused`, async () => {
    if (code === "UNKNOWN_FORMAT") return refused(content, code, line, why);
    await assert.rejects(readInput(content), { code, message: why });
  });
}

test("an answer of Elasticsearch that lacks keys is refused, with how many messages they have", async () => {
  const buckets = [{ key: "a", doc_count: 3 }];
  const cut = { aggregations: { dialogs: { sum_other_doc_count: 812, buckets } } };
  await assert.rejects(readInput(JSON.stringify(cut)), { code: "CUT_SHORT", message: /the keys of 812 messages/u });
});

test("files that are no text say what they are", async () => {
  for (const [begin, what] of [
    ["PK\u0003\u0004", /ZIP/u],
    ["PAR1\u0015", /Parquet/u],
    ["SQLite format 3\u0000", /SQLite/u],
  ] as const) {
    await assert.rejects(readInput(Buffer.from(`${begin}\u0000\n`, "latin1")), { code: "NOT_TEXT", message: what });
  }
});

const LEFT_OUT: Record<
  string,
  [content: string, rows: InputRow[], faults: [code: string, where: string, lines: number][]]
> = {
  "a rollup's total of mysql, and a key that is NULL": [
    "dialog\tcount\na\t3\nNULL\t3\n",
    [["a", 3]],
    [["BAD_ROW", "in line 3", 1]],
  ],
  "psql's value of two lines": [
    " dialog | count \n--------+-------\n a      |     3\n x     +|     3\n y      | \n(2 rows)\n",
    [["a", 3]],
    [
      ["BAD_ROW", "in line 4", 1],
      ["BAD_COUNT", "in line 5", 1],
    ],
  ],
  "a quote that is never closed costs its own line": [
    `dialog,count\n"a,3\n${Array.from({ length: 300 }, (_, i) => `k${i},1\n`).join("")}`,
    Array.from({ length: 300 }, (_, i): InputRow => [`k${i}`, 1]),
    [["BAD_ROW", "in line 2", 1]],
  ],
  "a quote that is closed only 300 lines below costs these two": [
    `dialog,count\n"a,3\n${Array.from({ length: 300 }, (_, i) => `k${i},1\n`).join("")}z",7\n`,
    Array.from({ length: 300 }, (_, i): InputRow => [`k${i}`, 1]),
    [["BAD_ROW", "in line 2", 2]],
  ],
  "a quote within a field": ['dialog,count\n5" pipe,2\n"b"x,2\nc,1\n', [["c", 1]], [["BAD_ROW", "in line 2", 2]]],
  "a point that is for thousands or for decimals": [
    "dialog;count\na;1.000\nb;1.000.000\nc;5\n",
    [
      ["b", 1_000_000],
      ["c", 5],
    ],
    [["BAD_COUNT", "in line 2", 1]],
  ],
  "a later line that speaks against one key a line": [
    `${"key-a\n".repeat(20_000)}key b\n`,
    Array.from({ length: 20_000 }, (): InputRow => ["key-a", 1]),
    [["BAD_ROW", "in line 20001", 1]],
  ],
  "an element of a document": [
    '[{"dialog":"a","count":3},{"dialog":"b","count":-1}]',
    [["a", 3]],
    [["NEGATIVE_COUNT", "in element 2", 1]],
  ],
};

for (const [name, [content, rows, expected]] of Object.entries(LEFT_OUT)) {
  test(`${name}: left out and told`, async () => {
    const found = await readInput(content);
    assert.deepEqual(found.rows, rows);
    assert.deepEqual(
      found.faults.map(({ code, where, lines }) => [code, where, lines]),
      expected,
    );
  });
}
