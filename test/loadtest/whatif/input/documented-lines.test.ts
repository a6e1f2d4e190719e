import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { WhatIf } from "../../../../loadtest/analysis/result/what-if.ts";
import { CLIENT_TABLES } from "../../../support/client-tables.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const folder = mkdtempSync(join(tmpdir(), "hotshard-lines-"));
after(() => rmSync(folder, { recursive: true }));

const KEYS = "a\na\nb ö\n\nc\na\n";

/** What each client prints of its line in docs/whatif.md: as it printed it, or, where it cannot be had, as its pages show. */
const PRINTED: Readonly<Record<string, string>> = {
  mysql: CLIENT_TABLES["mysql -B"]!,
  psql: CLIENT_TABLES["psql --csv"]!,
  sqlite3: CLIENT_TABLES["sqlite3 -csv"]!,
  dsbulk: "dialog,count\na,3\nb ö,12\nc,1500\n",
  mongosh: '{"dialog":"a","count":3}\n{"dialog":"b ö","count":12}\n{"dialog":"c","count":1500}\n',
  "clickhouse-client": CLIENT_TABLES["ClickHouse CSVWithNames"]!,
  kcat: KEYS,
  "kafka-console-consumer.sh": KEYS,
  "redis-cli": [
    "OK",
    '1339518083.107412 [0 127.0.0.1:60866] "get" "chat:a"',
    '1339518087.877697 [0 127.0.0.1:60866] "lpush" "chat:b" "x"',
    '1339518090.420270 [0 127.0.0.1:60866] "get" "chat:a"',
    '1339518096.506257 [0 127.0.0.1:60866] "ping"',
    "",
  ].join("\n"),
};

/** Messages and distinct keys of what is not the table of three. */
const COUNTED: Readonly<Record<string, [messages: number, keys: number]>> = {
  kcat: [5, 3],
  "kafka-console-consumer.sh": [5, 3],
  "redis-cli": [3, 2],
};

const page = readFileSync(join(ROOT, "docs/whatif.md"), "utf8");
const part = page.slice(page.indexOf("## Getting the counts"), page.indexOf("## What is read"));
const lines = [...part.matchAll(/^```sh\n([^]*?)^```$/gmu)].map((block) => block[1]!);

for (const [i, line] of lines.entries()) {
  const client = /^(?:timeout \d+ )?(\S+)/u.exec(line)![1]!;
  test(`the line for ${client}, as it stands in docs/whatif.md, is answered`, () => {
    const printed = join(folder, `${i}.txt`);
    writeFileSync(printed, PRINTED[client]!);
    const script = [
      `${client}() { cat ${printed}; }`,
      `timeout() { shift; "$@"; }`,
      `npx() { shift; ${process.execPath} ${ROOT}/bin/hotshard.js "$@" --json --out ${folder}/out.html; }`,
      line,
    ].join("\n");
    const { stdout, stderr, status } = spawnSync("bash", ["-c", script], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
    const { input } = JSON.parse(stdout) as WhatIf;
    assert.deepEqual([input.messages, input.dialogs], COUNTED[client] ?? [1_515, 3]);
    assert.deepEqual(input.faults, []);
  });
}

test("every client of the page was tried, those that people ask about most among them", () => {
  const clients = lines.map((line) => /^(?:timeout \d+ )?(\S+)/u.exec(line)![1]!);
  assert.deepEqual(clients.toSorted(), Object.keys(PRINTED).toSorted());
});
