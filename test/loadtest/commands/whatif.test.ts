import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { Ajv2020 } from "ajv/dist/2020.js";
import { buildResult } from "../../../loadtest/analysis/build-result.ts";
import { parseToday } from "../../../loadtest/commands/whatif-options.ts";
import type { WhatIf, WhatIfRow } from "../../../loadtest/analysis/result/what-if.ts";
import { writeRun } from "../../../loadtest/report/write.ts";
import { SCHEMAS } from "../../../tools/schemas.ts";
import { runEvidence } from "../../support/run-evidence.ts";

const HOTSHARD = join(import.meta.dirname, "../../../bin/hotshard.js");
const validate = new Ajv2020({ strict: true, allErrors: true }).compile(SCHEMAS["what-if"]);

const folder = mkdtempSync(join(tmpdir(), "hotshard-whatif-"));
after(() => rmSync(folder, { recursive: true }));

interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function whatif(input: string, ...options: string[]): Answer {
  const args = [HOTSHARD, "whatif", input, "--out", join(folder, "out.html"), ...options];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", cwd: folder });
  return { code: status, stdout, stderr };
}

function asked(input: string, ...options: string[]): WhatIf {
  const { code, stdout, stderr } = whatif(input, "--json", ...options);
  assert.equal(code, 0, stderr);
  const document = JSON.parse(stdout) as WhatIf;
  assert.equal(validate(document), true, JSON.stringify(validate.errors));
  return document;
}

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return name;
}

const rowOf = (document: WhatIf, placement: string, shards: number): WhatIfRow =>
  document.rows.find((row) => row.placement === placement && row.shards === shards)!;

/** Measured elsewhere with 200,000 uniform keys: max/mean on 8 shards, and keys moved from 4 to 5. */
const TABLE: [placement: string, ratio: number, moved: number][] = [
  ["slots", 1.01, 0.2],
  ["jump", 1.01, 0.2],
  ["rendezvous", 1.02, 0.2],
  ["ring", 1.1, 0.23],
  ["ring:virtualNodes=20", 1.34, 0.2],
  ["ring:virtualNodes=1", 2.69, 0.2],
  ["modulo", 1.01, 0.8],
];

test("the table of 200,000 uniform keys comes out", () => {
  const rings = ["--placement", "ring:virtualNodes=20", "--placement", "ring:virtualNodes=1"];
  const counts = file(
    "uniform.csv",
    `dialog,count\n${Array.from({ length: 200_000 }, (_, i) => `user-${i * 7},1\n`).join("")}`,
  );
  const document = asked(counts, "--today", "slots:8", "--shards", "8", ...rings);
  for (const [placement, ratio] of TABLE) {
    const { maxOverMean } = rowOf(document, placement, 8);
    // A ring of few points a shard is as uneven as its points happen to lie.
    const room = placement.startsWith("ring") ? 0.4 : 0.02;
    assert.ok(Math.abs(maxOverMean / ratio - 1) < room, `${placement}: ${maxOverMean}, elsewhere ${ratio}`);
  }
  assert.equal(rowOf(document, "slots", 8).movedFromToday, 0);
});

for (const [placement, , moved] of TABLE) {
  test(`${placement}: keys moved from 4 to 5 shards`, () => {
    const document = asked(
      file("uniform-4.csv", Array.from({ length: 20_000 }, (_, i) => `${i}_${i * 31},1\n`).join("")),
      "--today",
      `${placement}:4`,
      "--shards",
      "5",
    );
    const { movedFromToday } = rowOf(document, placement, 5);
    assert.ok(Math.abs(movedFromToday - moved) < (placement.includes("=") ? 0.2 : 0.04), `${movedFromToday}`);
  });
}

test("a newcomer's counts get advice and a picture with one command", () => {
  const counts = Array.from({ length: 5_000 }, (_, i) => `room ${i} ß,${i === 42 ? 4_000 : 2}\n`).join("");
  const { code, stderr, stdout } = whatif(file("counts.csv", `dialog,count\n${counts}`), "--today", "modulo:4");
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /13,998 messages of 5,000 keys; the heaviest has 28\.6/u);
  assert.match(stdout, /Split dialog room 42 ß/u);
  assert.match(stdout, /Picture: .*out\.html/u);
  assert.ok(
    stdout.split("\n").every((line) => line.length <= 80),
    stdout,
  );
  const page = readFileSync(join(folder, "out.html"), "utf8");
  assert.match(page, /<svg/u);
  assert.doesNotMatch(page, /<script|https?:\/\/(?!hotshard)/u);
  const document = asked("counts.csv", "--today", "modulo:4");
  assert.equal(document.topDialogs[0]?.dialog, "room 42 ß");
  const [split] = document.advice;
  assert.equal(split?.action, "split");
  assert.ok(split.forecast.maxOverMean <= 1.25 && document.today.maxOverMean > 1.8);
  assert.equal(document.today.maxOverMean, rowOf(document, "modulo", 4).maxOverMean);
});

test("a trace gives the worst minute; a message out of order is told and loses nothing", () => {
  const lines = Array.from({ length: 600 }, (_, i) => {
    const minute = Math.floor(i / 100);
    return `2026-11-22T10:0${minute}:${String(i % 60).padStart(2, "0")}Z,${minute === 3 ? "star" : `k${i}`}`;
  });
  file("trace.csv", ["time,dialog", ...lines, "2026-11-22T09:00:00Z,k1", ""].join("\n"));
  const document = asked("trace.csv", "--today", "slots:4");
  assert.equal(document.input.kind, "trace");
  assert.deepEqual(
    document.input.faults.map(({ code, where, lost }) => [code, where, lost]),
    [["OUT_OF_ORDER", "trace.csv line 602", false]],
  );
  assert.equal(document.input.messages, 601);
  const { worstMinute, maxOverMean } = rowOf(document, "slots", 4);
  const { chance, ...worst } = worstMinute!;
  assert.deepEqual(worst, { at: "2026-11-22T10:03:00.000Z", maxOverMean: 4, messages: 100 });
  assert.ok(chance > 1.5 && chance < 2, `${chance}`);
  assert.ok(maxOverMean < 2.5);
});

test("a run's folder knows today's layout, and a newer result is refused", async () => {
  const evidence = runEvidence({ rate: 300, hotShare: 0.3 });
  const result = buildResult(evidence);
  const run = join(folder, "run");
  await writeRun(run, { result, slices: evidence.measurement.slices, dialogs: evidence.dialogs.dialogs });
  for (const input of ["run", "run/result.json"]) {
    const document = asked(input);
    assert.equal(document.input.kind, "run");
    assert.equal(document.today.assumed, false);
    assert.equal(document.today.placement, result.server.placement);
    const before = result.whatIf.rows.find(({ placement, shards }) => placement === "jump" && shards === 16)!;
    assert.equal(rowOf(document, "jump", 16).maxOverMean, before.maxOverMean);
    assert.equal(rowOf(document, "jump", 16).movedFromToday, before.movedFromToday);
    assert.deepEqual(document.advice, result.advice);
  }
  assert.match(
    whatif("run", "--format", "csv").stderr,
    /^hotshard: BAD_OPTIONS: --format is for a file; what a run left/u,
  );
  const drained = { ...result, server: { ...result.server, inUse: 3 } };
  writeFileSync(join(run, "result.json"), JSON.stringify(drained));
  assert.equal(asked("run").today.shards, 3, "a shard that is drained is not among today's");
  const server = { ...result.server, overrides: ["split 1_2 over 01, 02, 03"] };
  writeFileSync(join(run, "result.json"), JSON.stringify({ ...result, server }));
  assert.match(whatif("run").stdout.replaceAll(/\s+/gu, " "), /, without its split 1_2 over 01, 02, 03, shard \d/u);
  writeFileSync(join(run, "result.json"), JSON.stringify({ ...result, version: 9 }));
  const { code, stderr } = whatif("run");
  assert.equal(code, 2);
  assert.match(stderr, /^hotshard: NEWER_RESULT: .*result\.json is version 9/u);
});

test("one key only, and keys that are all equal", () => {
  const one = asked(file("one.csv", "dialog,count\nall,7\n"), "--today", "jump:4");
  assert.equal(one.today.maxOverMean, 4);
  assert.equal(one.rows.length, 36);
  assert.equal(one.input.topShare, 1);
  assert.deepEqual(
    one.input.faults.map(({ code, where, lost }) => [code, where, lost]),
    [["ONE_KEY", "one.csv line 1", false]],
  );
  assert.equal(one.advice[0]!.action, "split");
  const told = whatif("one.csv");
  assert.match(told.stderr, /^ONE_KEY: one\.csv line 1: [^]*\.\n$/u);
  assert.match(
    told.stdout,
    /^one\.csv: [^]*\nOn slots, 4 shards, shard \d+ takes 100\.0\s% of the messages, 4\.00\s× its/u,
  );
  const single = asked("one.csv", "--today", "slots:1", "--shards", "1");
  assert.equal(single.today.maxOverMean, 1);
});

const BAD: Record<string, [options: string[], line: RegExp]> = {
  "empty.csv": [[], /^hotshard: NO_MESSAGES: empty\.csv holds no messages\n$/u],
  "negative.csv": [[], /^hotshard: NO_MESSAGES: .*NEGATIVE_COUNT: negative\.csv line 2/u],
  "columns.csv": [[], /^hotshard: BAD_COLUMNS: columns\.csv line 1/u],
  "picture.png": [
    [],
    /^hotshard: BAD_INPUT: most lines of picture\.png cannot be used; BAD_UTF8: picture\.png line 1/u,
  ],
  "empty.csv    ": [["--out", "nowhere/x.html"], /^hotshard: BAD_OPTIONS: --out: nowhere is not a folder/u],
  "nowhere.csv": [[], /^hotshard: NO_INPUT: cannot read nowhere\.csv/u],
  "empty.csv ": [["--today", "slots"], /^hotshard: BAD_OPTIONS: --today slots: a placement and its shards/u],
  "empty.csv  ": [["--today", "sloths:4"], /^hotshard: BAD_PLACEMENT: no placement "sloths"/u],
  "empty.csv   ": [["--shards", "2,none"], /^hotshard: BAD_OPTIONS: --shards: "none"/u],
  "mixed.csv": [
    [],
    /BAD_INPUT: most lines of mixed\.csv cannot be used; BAD_COUNT: mixed\.csv line 3: [^;]*; [^;]* \(3 lines\); BAD_ROW: mixed\.csv line 2: /u,
  ],
  "prose.txt": [[], /^hotshard: UNKNOWN_FORMAT: prose\.txt line 1: "On Monday 5" has a number at the end/u],
  "prose.txt ": [["--format", "prose"], /^hotshard: BAD_OPTIONS: --format: there is no format "prose"/u],
  "totals.txt": [[], /^hotshard: TOTAL_ROW: totals\.txt: the key "total" has as many messages as all others together/u],
  "mysql://u:secret@127.0.0.1/db": [
    [],
    /^hotshard: BAD_OPTIONS: an address is no input; a database is asked by its own client: mysql -B -e /u,
  ],
};

for (const [input, [options, line]] of Object.entries(BAD)) {
  test(`${input} ${options.join(" ")}: one line, no stack`, () => {
    file("empty.csv", "");
    file("picture.png", Buffer.from("\xff\n\xfe\nkey\n", "latin1"));
    file("negative.csv", "dialog,count\na,-1\n");
    file("columns.csv", "a,b,c\nd,e,f\n");
    file("prose.txt", "On Monday 5\nOn Tuesday 7\n");
    file("totals.txt", "      3 a\n      4 b\n      7 total\n");
    file("mixed.csv", "dialog,count\n,3\na,x\nb,y\nc,z\nd,1\n");
    const { code, stderr } = whatif(input.trim(), ...options);
    assert.equal(code, 2, stderr);
    assert.match(stderr, line);
    assert.equal(stderr.trim().split("\n").length, 1);
    assert.doesNotMatch(stderr, /secret/u);
  });
}

test("stdin is called stdin, whatever is wrong with it", () => {
  for (const [input, told] of [
    ["a,b,c\nd,e,f\n", /^hotshard: BAD_COLUMNS: stdin line 1 does not tell/u],
    [Buffer.from("\u{feff}a,1\n", "utf16le"), /^hotshard: NOT_TEXT: stdin is UTF-16/u],
    ["", /^hotshard: NO_MESSAGES: stdin holds no messages/u],
    ["dialog,count\na,x\nb,1\nc,1\n", /^BAD_COUNT: stdin line 2: /u],
  ] as const) {
    const args = [HOTSHARD, "whatif", "-", "--out", join(folder, "out.html")];
    const { stderr } = spawnSync(process.execPath, args, { input, encoding: "utf8" });
    assert.match(stderr, told);
  }
});

test("what was read before the fault is used all the same, and the exit code says that it is not all", () => {
  const packed = gzipSync(
    `dialog,count\n${Array.from({ length: 50_000 }, (_, i) => `k${(i * 7_919) % 99_991},${i}\n`).join("")}`,
  );
  const { code, stderr, stdout } = whatif(file("cut.csv.gz", packed.subarray(0, packed.length / 2)), "--json");
  assert.equal(code, 5);
  assert.match(stderr, /^GZIP_CUT: cut\.csv\.gz line \d+: /u);
  assert.match(stderr, /^cut\.csv\.gz: [^;]* keys; the end of the file is missing;/mu);
  const { input } = JSON.parse(stdout) as WhatIf;
  assert.ok(input.dialogs > 10_000);
  assert.deepEqual(input.leftOut, { lines: 0, share: 0, more: true });
});

test("an answer from which lines were left out has an exit code of its own, and says first which share they are", () => {
  const good = Array.from({ length: 18 }, (_, i) => `k${i},${i + 1}\n`).join("");
  const { code, stdout, stderr } = whatif(file("part.csv", `dialog,count\n${good}x,many\ny,-1\n`));
  assert.equal(code, 5);
  assert.match(stdout, /^part\.csv: 171 messages of 18 keys; 2 lines \(10\.0\s%\) were left out; the/u);
  assert.match(stderr, /^BAD_COUNT: part\.csv line 20: [^]*NEGATIVE_COUNT: part\.csv line 21: /u);
  const document = JSON.parse(whatif("part.csv", "--json").stdout) as WhatIf;
  assert.equal(validate(document), true, JSON.stringify(validate.errors));
  assert.deepEqual(document.input.leftOut, { lines: 2, share: 0.1, more: false });
  assert.match(readFileSync(join(folder, "out.html"), "utf8"), /2 lines \(10\.0\s%\) were left out/u);
});

test("one key a line: the first line says what each was counted as", () => {
  const { code, stdout, stderr } = whatif(file("keys.txt", "room-7\nroom-9\nroom-7\n"));
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^keys\.txt: 3 messages of 2 keys; each line was counted as one message; /u);
  assert.match(stdout, /^Read as one key a line\.$/mu);
  assert.match(
    whatif("keys.txt", "--count", "3").stderr,
    /^hotshard: BAD_OPTIONS: --count: keys\.txt is one key a line/u,
  );
});

test("columns and format are said by options, and the answer says how it was read", () => {
  file("odd.csv", "when,room_nr,hits\nx,a,3\ny,b,12\n");
  assert.match(whatif("odd.csv").stderr, /^hotshard: BAD_COLUMNS: odd\.csv line 1 .*"when", "room_nr", "hits"/u);
  const document = asked("odd.csv", "--key", "room_nr", "--count", "hits");
  assert.equal(document.input.messages, 15);
  assert.deepEqual(document.input.readAs, { format: "CSV", key: "room_nr", count: "hits", time: null, eachOne: false });
  assert.match(document.command, /--key room_nr --count hits/u);
  file("awk.txt", "a 3\nb 12\n");
  assert.equal(asked("awk.txt", "--format", "spaces").input.messages, 15);
  assert.match(whatif("awk.txt", "--format", "spaces").stdout, /^Read as columns with spaces between them: the key/mu);
});

test("today's layout is a placement with options and a number of shards", () => {
  assert.deepEqual(parseToday("ring:virtualNodes=20:8"), { placement: "ring:virtualNodes=20", shards: 8 });
});
