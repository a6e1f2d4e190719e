import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { buildResult } from "../../../../loadtest/analysis/build-result.ts";
import { countTolerance } from "../../../../loadtest/analysis/verdict/deviation.ts";
import { createNodeDriver } from "../../../../loadtest/drivers/node/driver.ts";
import { explainError } from "../../../../loadtest/run/exit-code.ts";
import { loadScenario } from "../../../../loadtest/drivers/own-scenario.ts";
import { executeRun } from "../../../../loadtest/run/run.ts";
import { compileTrace } from "../../../../loadtest/run/trace/compile-trace.ts";
import { nameDialogs } from "../../../../loadtest/run/trace/name-dialogs.ts";
import { NAMES_FILE, prepareStory } from "../../../../loadtest/run/trace/prepare.ts";
import { trace } from "../../../../loadtest/traffic/trace/trace.ts";
import type { Dials, Action } from "../../../../loadtest/traffic/contract.ts";
import { mergeLanes } from "../../../../loadtest/traffic/deal.ts";
import { DEFAULT_DIALS } from "../../../../loadtest/traffic/dials.ts";
import { dialogId } from "../../../../server/placement/dialog.ts";
import { assertMeasured } from "../../../support/measured.ts";
import { HOT_DIALOG, runEvidence } from "../../../support/run-evidence.ts";
import { DEVELOPMENT_SECRET } from "../../../../server/protocol/secret.ts";

const folder = mkdtempSync(join(tmpdir(), "hotshard-trace-test-"));
after(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, "tmp"));
process.env["TMPDIR"] = join(folder, "tmp");
let files = 0;

interface Replay {
  readonly sends: readonly Action[];
  readonly warnings: readonly string[];
  /** As the run is driven with them. */
  readonly dials: Dials;
  /** Dialog by the trace's name. */
  readonly dialogs: ReadonlyMap<string, string>;
}

/** Compiles a file and plays it back, as drivers do. */
async function replay(
  content: string | Buffer,
  changes: Readonly<Record<string, number | string>> = {},
): Promise<Replay> {
  const out = join(folder, `out-${++files}`);
  mkdirSync(out);
  const file = join(folder, `trace-${files}`);
  writeFileSync(file, content);
  const dials = { ...DEFAULT_DIALS, warmupS: 0, users: 60, trace: file, speed: 1, ...changes };
  assert.deepEqual(trace.faults(dials), []);
  const warnings: string[] = [];
  const prepared = await prepareStory("trace", dials, out, (line) => warnings.push(line.replace(folder, "")));
  const story = trace.make(prepared.dials);
  const next = mergeLanes(story.lanes());
  const sends: Action[] = [];
  for (let send = next(); send !== null; send = next()) sends.push(send);
  assert.equal(sends.length, story.expected);
  await prepared.remove();
  const names = gunzipSync(readFileSync(join(out, NAMES_FILE))).toString();
  const rows = names.trimEnd().split("\n").slice(1);
  return {
    sends,
    warnings,
    dials: prepared.dials,
    dialogs: new Map(rows.map((row) => [row.slice(row.indexOf(",") + 1), row.split(",")[0]!])),
  };
}

const shown = ({ sends, dialogs }: Replay) => {
  const names = new Map([...dialogs].map(([name, dialog]) => [dialog, name]));
  const rows = sends.map(({ at, user: author, target: to }) => ({
    at: Math.round(at),
    name: names.get(dialogId(author, to)) ?? "",
  }));
  // Messages of one moment may come in any order.
  const sorted = rows.sort((a, b) => a.at - b.at || (a.name < b.name ? -1 : 1));
  return sorted.map(({ at, name }) => `${at} ${name}`);
};

test("messages come at their times, each key a dialog of its own, whatever the format", async () => {
  const expected = ["0 room 7", "500 1:2", "500 room 7", "2000 ünï"];
  const csv = "time,dialog\n100,room 7\n100.5,1:2\n100.5,room 7\n102,ünï\n";
  const ndjson = csv
    .split("\n")
    .slice(1, -1)
    .map((line) => JSON.stringify({ ts: Number(line.split(",")[0]), key: line.split(",")[1] }));
  for (const content of [csv, gzipSync(csv), ndjson.join("\n")]) {
    const played = await replay(content);
    assert.deepEqual(shown(played), expected);
    assert.equal(new Set(played.dialogs.values()).size, 3, "injective");
    assert.deepEqual(played.warnings, []);
  }
  assert.deepEqual(shown(await replay(csv, { speed: 4 })), ["0 room 7", "125 1:2", "125 room 7", "500 ünï"]);
  const cut = await replay(csv, { durationS: 1 });
  assert.deepEqual(shown(cut), expected.slice(0, 3), "cut at the duration");
  assert.match(cut.warnings.join("\n"), /^DURATION_CUT: \/trace-\d+ line 5: later than the 1 s of the run/u);
});

test("whole seconds are no bursts: their messages are spread over them, at random and inside the run", async () => {
  const rows = Array.from({ length: 3_000 }, (_, i) => `${Math.floor(i / 1_000)},k${i % 50}`);
  const { sends } = await replay(`time,dialog\n${rows.join("\n")}\n`, { speed: 2, durationS: 1.25 });
  const counts = [0, 0, 0, 0, 0];
  for (const { at } of sends) counts[Math.floor(at / 250)]! += 1;
  const [half, last] = [counts.slice(0, 4), counts[4]!];
  for (const count of half) assert.ok(Math.abs(count - 500) <= countTolerance(250), counts.join(" "));
  assert.equal(last, 1_000, "the third second has half its length before the end");
  const gaps = sends.slice(1).map(({ at }, i) => at - sends[i]!.at);
  const short = gaps.slice(0, 1_900).filter((gap) => gap < 0.25).length / 1_900;
  assert.ok(Math.abs(short - (1 - Math.exp(-0.5))) < 0.05, `${short} of the gaps are below half their mean`);
  const fine = await replay("time,dialog\n5,a\n5,b\n6.5,a\n7,b\n7,a\n");
  assert.deepEqual(shown(fine).slice(2), ["1500 a", "2000 a", "2000 b"]);
});

test("counts are drawn in proportion, at the rate of the dials", async () => {
  const played = await replay("dialog,count\nbig,700\nsmall,200\ntiny,100\n", { rate: 5_000, durationS: 4 });
  const total = played.sends.length;
  assert.equal(total, 20_000);
  assert.deepEqual([played.dials.rate, played.dials.durationS], [5_000, 4], "what was asked for");
  for (const [name, share] of [
    ["big", 0.7],
    ["small", 0.2],
    ["tiny", 0.1],
  ] as const) {
    const seen = played.sends.filter(
      ({ user: author, target: to }) => dialogId(author, to) === played.dialogs.get(name),
    ).length;
    assert.ok(Math.abs(seen - share * total) <= countTolerance(total * share * (1 - share)), `${name}: ${seen}`);
  }
  const one = await replay("dialog,count\nonly,1\n", { rate: 100, durationS: 1 });
  assert.equal(new Set(one.sends.map(({ user: author, target: to }) => dialogId(author, to))).size, 1, "one key only");
});

test("what the file is can be said; one key a line is said to be read so, and a guess is refused", async () => {
  const seconds = "when,room_nr,size\n5,a,7\n5.5,b,7\n7,a,7\n";
  const said = { traceKey: "room_nr", traceTime: "when", traceCount: "none" };
  assert.deepEqual(shown(await replay(seconds, said)), ["0 a", "500 b", "2000 a"]);
  await assert.rejects(replay(seconds), { code: "BAD_COLUMNS", message: /--trace-format .*--trace-key/u });
  const keys = await replay("10 Downing Street\n7 Dials\n", { traceFormat: "keys", durationS: 1, rate: 100 });
  assert.deepEqual([...keys.dialogs.keys()].toSorted(), ["10 Downing Street", "7 Dials"]);
  assert.match(keys.warnings.join("\n"), /was read as one key a line: each line was counted as one message\.$/u);
  await assert.rejects(replay("a 3\nb 4\n"), { code: "UNKNOWN_FORMAT", message: /--trace-format csv/u });
  await assert.rejects(replay("a\n", { traceFormat: "prose" }), { code: "BAD_OPTIONS", message: /^--trace-format: /u });
});

test("what is wrong with a file is told with its code, file and line, and the rest is used", async () => {
  const csv = Buffer.from("time,dialog\n5,a\n3,b\n6,\xff\nsoon,c\n7,d\n", "latin1");
  const played = await replay(csv);
  assert.deepEqual(
    shown(played).map((row) => row.replace(/^\d{1,3} /u, "0 ")),
    ["0 a", "0 b", "2000 d"],
  );
  assert.match(played.warnings.join("\n"), /OUT_OF_ORDER: \/trace-\d+ line 3: earlier/);
  assert.match(played.warnings.join("\n"), /BAD_UTF8: \/trace-\d+ line 4: /);
  assert.match(played.warnings.join("\n"), /BAD_TIME: \/trace-\d+ line 5: /);
  const negative = await replay("dialog,count\na,-3\nb,2\n", { rate: 50, durationS: 1 });
  assert.match(negative.warnings.join("\n"), /NEGATIVE_COUNT: \/trace-\d+ line 2: /);
  assert.deepEqual([...negative.dialogs.keys()], ["b"]);
  const lines = Array.from({ length: 20_000 }, (_, i) => `key${(i * 7_919) % 501},${i % 977}\n`);
  const packed = gzipSync(`dialog,count\n${lines.join("")}`);
  const cut = await replay(packed.subarray(0, packed.length >> 1), { rate: 50, durationS: 1 });
  assert.match(cut.warnings.join("\n"), /GZIP_CUT: \/trace-\d+ line \d+: /);
  assert.ok(cut.sends.length > 0);
});

test("nothing to send, or too many dialogs for the users, is refused and leaves nothing", async () => {
  await assert.rejects(replay("time,dialog\n"), { code: "EMPTY_TRACE" });
  await assert.rejects(replay("dialog,count\na,0\n"), { code: "EMPTY_TRACE" });
  const dense = "time,dialog,count\n1,a,600000\n2,a,600000\n2,b,600000\n";
  await assert.rejects(replay(dense), { code: "TOO_DENSE", message: /trace-\d+ line 4: more than 1,000,000 / });
  const wide = `dialog,count\n${Array.from({ length: 3_000 }, (_, i) => `k${i},1\n`).join("")}`;
  await assert.rejects(replay(wide), { code: "TOO_FEW_USERS" });
  assert.deepEqual(readdirSync(join(folder, `out-${files}`)), []);
  const played = await replay(wide, { users: 400, rate: 10, durationS: 1 });
  assert.equal(new Set(played.dialogs.values()).size, 3_000);
});

const temporary = (): string[] => readdirSync(join(folder, "tmp"));
/** Files of this test that the process still holds open. */
function openFiles(): string[] {
  if (process.platform !== "linux") return [];
  const links = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return "";
    }
  });
  return links.filter((link) => link.startsWith(folder) || link === "/dev/full");
}

function orderOf(content: string | Buffer, changes: Readonly<Record<string, number>> = {}) {
  const out = join(folder, `out-${++files}`);
  mkdirSync(out);
  const file = join(folder, `trace-${files}`);
  writeFileSync(file, content);
  return { out, dials: { ...DEFAULT_DIALS, warmupS: 0, users: 60, trace: file, speed: 1, ...changes } };
}

test("an interruption while the trace is read, or messages are drawn, ends it and leaves nothing", async () => {
  const rows = Array.from({ length: 300_000 }, (_, i) => `k${i % 9},3\n`).join("");
  const cases = [
    orderOf(`time,dialog,count\n${rows.replaceAll("k", "5,k")}`),
    orderOf(`dialog,count\n${rows}`, { rate: 100_000, durationS: 1_000 }),
  ];
  for (const [at, { out, dials }] of cases.entries()) {
    const controller = new AbortController();
    const prepared = prepareStory("trace", dials, out, () => {}, controller.signal);
    setTimeout(() => controller.abort(), at * 500);
    await assert.rejects(prepared, (error) => {
      assert.deepEqual(explainError(error), {
        code: 130,
        line: "hotshard: INTERRUPTED: stopped while the trace was read; nothing was sent",
      });
      return true;
    });
    assert.deepEqual([temporary(), openFiles(), readdirSync(out)], [[], [], []]);
  }
});

const SMALL = "time,dialog\n1,a\n1.5,b\n";

test("whatever stops a trace, no file stays open", async () => {
  const dense = `time,dialog,count\n${"1,a,600000\n".repeat(300_000)}`;
  await assert.rejects(replay(gzipSync(dense)), { code: "TOO_DENSE" });
  assert.deepEqual(openFiles(), []);
  await assert.rejects(replay(dense, { users: 3 }), { code: "TOO_FEW_USERS", message: /^3 users have no dialogs / });
  assert.deepEqual(openFiles(), []);
  const long = `time,dialog\n${Array.from({ length: 300_000 }, (_, i) => `${i + 0.5},k${i % 9}\n`).join("")}`;
  assert.equal((await replay(gzipSync(long), { durationS: 5 })).sends.length, 5);
  assert.deepEqual(openFiles(), []);
});

test("a disk that is full, or names that cannot be written, are told in a line", async () => {
  const { out, dials } = orderOf(SMALL);
  mkdirSync(join(out, NAMES_FILE));
  const isFolder = prepareStory("trace", dials, out, () => {});
  await assert.rejects(isFolder, {
    code: "NOT_WRITTEN",
    message: /trace-dialogs\.csv\.gz cannot be written \(EISDIR/u,
  });
  assert.deepEqual([temporary(), openFiles()], [[], []]);
});

test(
  "a full disk is told for the plan and for the names",
  { skip: !existsSync("/dev/full") && "no /dev/full" },
  async () => {
    const { out, dials } = orderOf(SMALL);
    const order = { file: dials.trace, speed: 1, dials, folder: out, names: "/dev/full" };
    await assert.rejects(compileTrace(order), {
      code: "NOT_WRITTEN",
      message: /^\/dev\/full cannot be written \(ENOSPC/u,
    });
    const wide = orderOf(
      `time,dialog\n${Array.from({ length: 1_700 }, (_, i) => `${i / 1e3 + 0.0001},key ${i}`).join("\n")}\n`,
    );
    await assert.rejects(compileTrace({ ...order, file: wide.dials.trace }), { code: "NOT_WRITTEN" });
    for (let lane = 0; lane < 16; lane += 1) symlinkSync("/dev/full", join(wide.out, `lane-${lane}.plan`));
    const plan = compileTrace({ ...order, folder: wide.out, names: join(wide.out, "names") });
    await assert.rejects(plan, { code: "NOT_WRITTEN", message: /lane-\d+\.plan cannot be written \(ENOSPC/u });
    assert.deepEqual(openFiles(), []);
  },
);

test("hot dialogs, causes and advice have the names that the trace has for them", async () => {
  const out = join(folder, "named");
  mkdirSync(out);
  writeFileSync(join(out, NAMES_FILE), gzipSync(`dialog,name\n1_9999,other\n${HOT_DIALOG},"the ""star"", $&"\n`));
  const built = buildResult(runEvidence({}));
  const named = await nameDialogs({ ...built, run: { ...built.run, scenario: "trace" } }, out);
  assert.equal(named.hotDialogs[0]?.name, 'the "star", $&');
  assert.match(named.advice[0]!.text, /^Split dialog the "star", \$& \(\d+_\d+\) /u);
  assert.deepEqual(await nameDialogs(built, out), built, "another scenario's stay as they are");
});

test("a replayed trace is a valid run that names its dialogs", async (t) => {
  await loadScenario("trace");
  const file = join(folder, "run.csv");
  const rows = Array.from(
    { length: 400 },
    (_, i) => `${1_700_000_000_000 + i * 4},${i % 3 === 0 ? "star, the" : `k${i % 7}`}`,
  );
  writeFileSync(file, `time;dialog\n${rows.join("\n").replaceAll(/,(?! )/gu, ";")}\n`);
  const dials = { ...DEFAULT_DIALS, warmupS: 0, users: 40, trace: file, speed: 1 };
  const out = join(folder, "run");
  const result = await executeRun({
    scenario: "trace",
    dials,
    driver: createNodeDriver(),
    secret: DEVELOPMENT_SECRET,
    url: null,
    serverArgs: ["--shards", "2"],
    out,
    command: "hotshard run trace",
  });
  assert.equal(result.audit.match, true);
  assert.equal(result.traffic.planned, 400);
  assertMeasured(t, result);
  assert.equal(result.hotDialogs[0]?.name, "star, the");
  assert.equal(result.hotDialogs.length, 8);
  assert.ok(Math.abs(result.run.durationS - 1.596) < 0.01, `${result.run.durationS}`);
});
