import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createToken } from "../loadtest/drivers/token.ts";
import { DEVELOPMENT_SECRET } from "../server/protocol/secret.ts";
import type { ChangeReply, ChangeRequest, MoveStatus } from "../server/protocol/shards.ts";
import { singleSegment } from "../server/placement/topology.ts";
import { changeTopology } from "../server/topology/changes.ts";
import { forecastChange } from "../server/topology/forecast.ts";
import { startMariadbs } from "../test/support/mariadb.ts";
import { closedLoop } from "./closed-loop.ts";
import { machine } from "./machine.ts";
import { quantile, startPaced, type Answer } from "./paced.ts";
import { benchmarkPage, type Section } from "./report.ts";
import { say } from "./say.ts";
import { startSubject, type Subject } from "./subject.ts";

/**
 * `npm run bench:topology`: what changes of the topology cost (about six minutes); writes
 * `docs/benchmarks-topology.md`.
 */
const folder = mkdtempSync(join(tmpdir(), "hotshard-bench-"));
let serial = 0;

const server = (...args: string[]): Promise<Subject> => {
  const data = ["--port", "0", "--log", "error", "--data", join(folder, String(serial++))];
  return startSubject("../server/main.ts", [...data, ...args], "dropped");
};

const SECTIONS: readonly (readonly [name: string, measure: () => Section | Promise<Section>])[] = [
  ["keys that move", moved],
  ["a change under load", stalls],
  ["a lost shard", losses],
  ["a rebalance, unthrottled", unthrottled],
  ["a rebalance under load", throttled],
  ["a split", relieved],
];
/** A part of a name: that section alone, and no page is written. */
const [only] = process.argv.slice(2);

const sections: Section[] = [];
for (const [name, measure] of SECTIONS)
  if (only === undefined || name.includes(only)) sections.push(await say(name, measure));
if (only === undefined) {
  const page = benchmarkPage("bench:topology", machine(), sections);
  writeFileSync(join(import.meta.dirname, "../docs/benchmarks-topology.md"), page);
}
rmSync(folder, { recursive: true, force: true });
process.exit();

function moved(): Section {
  const rows = ["slots", "rendezvous", "jump", "ring", "modulo"].map((placement) => {
    const before = singleSegment({ labels: ["00", "01", "02", "03"], placement });
    const after = changeTopology(before, { do: "add", shard: "04" }, 1n);
    const { idealShare, movedShare } = forecastChange(before, after, { hot: [], stored: [], rowsPerS: 1, now: 1n });
    return [placement, movedShare, movedShare / idealShare];
  });
  return {
    title: "Keys that move from 4 to 5 shards",
    text: "65,536 dialogs; the ideal is a fifth of them. Counted, not timed.",
    head: ["placement", "share that moves", "× ideal"],
    rows,
  };
}

async function stalls(): Promise<Section> {
  const subject = await server("--shards", "4", "--hot", "off");
  const paced = await startPaced(subject.url, 400, 200);
  await delay(3_000);
  paced.take();
  await delay(4_000);
  const before = paced.take();
  const longest: number[] = [];
  for (let round = 0; round < 6; round++) {
    const dialog = "1_1001";
    await change(subject, round % 2 === 0 ? { do: "split", dialog, parts: 3 } : { do: "merge", dialog });
    await delay(1_000);
    longest.push(quantile(paced.take(), 1));
  }
  const refused = paced.refused();
  await paced.stop();
  await subject.stop();
  return {
    title: "What a change stops",
    text:
      "SQLite × 4, 400 messages/s over 200 dialogs; six splits and merges, a second apart. A message is timed from when it was " +
      "planned to its acknowledgement.",
    head: ["", "ms"],
    rows: [
      ["p99 before", quantile(before, 0.99)],
      ["longest before", quantile(before, 1)],
      ["longest around a change, median of six", longest.toSorted((a, b) => a - b)[3]!],
      ["longest around a change, of all six", Math.max(...longest)],
      ["messages that were refused", refused],
    ],
  };
}

async function losses(): Promise<Section> {
  const rows: (string | number)[][] = [];
  for (const fault of ["SIGKILL", "SIGSTOP"] as const) {
    const databases = await startMariadbs(4, ["--max-connections=100"]);
    if (databases === null) continue;
    const subject = await server("--shards", databases.map((one) => one.url("bench")).join(","), "--hot", "off");
    const paced = await startPaced(subject.url, 300, 400);
    await delay(3_000);
    const owned = new Set(
      paced
        .take()
        .filter(({ shard }) => shard === "01")
        .map(({ to }) => to),
    );
    const start = performance.now();
    if (fault === "SIGKILL") await databases[1]!.kill();
    else process.kill(databases[1]!.pid()!, "SIGSTOP");
    let first = Number.NaN;
    while (Number.isNaN(first) && performance.now() - start < 20_000) {
      await delay(10);
      if (paced.take().some(({ shard, to }) => shard !== "01" && owned.has(to))) first = performance.now() - start;
    }
    rows.push([fault, first, first - 2_000]);
    await paced.stop();
    await subject.stop();
    await Promise.all(databases.map((database) => database.stop()));
  }
  return {
    title: "From a shard's death to the first acknowledgement of its dialogs elsewhere",
    text: "MariaDB × 4, 300 messages/s, the detector's time is 2,000 ms. The second column goes from the fault.",
    head: ["the database gets", "ms", "beyond the detector's time, ms"],
    rows,
  };
}

async function filled(...args: string[]): Promise<Subject> {
  const subject = await server(...args, "--hot", "off", "--failover", "off");
  await closedLoop(subject, { connections: 200, outstanding: 16, batch: 8, warmupS: 0, measureS: 8 });
  return subject;
}

async function unthrottled(): Promise<Section> {
  const rows: (string | number)[][] = [];
  const databases = await startMariadbs(5, ["--max-connections=100"]);
  const urls = databases?.map((one) => one.url("move"));
  for (const [name, shards, spare] of [
    ["SQLite", "4", `sqlite:${join(folder, "spare.db")}`],
    ...(urls === undefined ? [] : [["MariaDB", urls.slice(0, 4).join(","), urls[4]!]]),
  ] as [string, string, string][]) {
    const subject = await filled("--shards", shards);
    await change(subject, { do: "add", url: spare });
    const start = performance.now();
    const moved = await rebalance(subject, false);
    const seconds = (performance.now() - start) / 1_000;
    rows.push([name, moved.seen, moved.copied, moved.copied / seconds, moved.seen / seconds]);
    await subject.stop();
  }
  await Promise.all(databases?.map((one) => one.stop()) ?? []);
  return {
    title: "A rebalance from 4 to 5 shards, nothing else going on",
    text:
      "Rows are copied, proved on both sides, and removed. Every row is looked at; those that move are copied. Source, target and " +
      "the server share two cores.",
    head: ["engine", "rows", "moved", "moved/s, from the first look to the last removal", "looked at/s"],
    rows,
  };
}

async function throttled(): Promise<Section> {
  const rows: (string | number)[][] = [];
  const subject = await filled("--shards", "4");
  const capacity = (await closedLoop(subject, { connections: 100, outstanding: 8, batch: 1, warmupS: 1, measureS: 4 }))
    .perSecond;
  const rate = Math.min(2_000, capacity / 2);
  const paced = await startPaced(subject.url, rate, 500);
  await delay(3_000);
  paced.take();
  await delay(8_000);
  const before = quantile(paced.take(), 0.99);
  await change(subject, { do: "add", url: `sqlite:${join(folder, "under-load.db")}` });
  const start = performance.now();
  const { copied } = await rebalance(subject, true);
  const seconds = (performance.now() - start) / 1_000;
  const during = quantile(paced.take(), 0.99);
  rows.push(["SQLite", rate, before, during, during / before, copied / seconds]);
  await paced.stop();
  await subject.stop();
  return {
    title: "A rebalance under load",
    text: "SQLite, 4 to 5 shards, at half of what the server takes, at most 2,000 messages/s; throttled, as it is by default.",
    head: ["engine", "messages/s", "p99 before, ms", "p99 during, ms", "ratio", "moved/s"],
    rows,
  };
}

async function relieved(): Promise<Section> {
  const shaped = "4?commitMs=20&maxRows=15";
  const subject = await server("--shards", shaped, "--hot", "off", "--failover", "off");
  const hot = "1_1000";
  const paced = await startPaced(subject.url, 1_600, 800, 0.4);
  await delay(4_000);
  const before = blast(paced.take());
  await change(subject, { do: "split", dialog: hot, parts: 4 });
  await delay(3_000);
  paced.take();
  await delay(6_000);
  const after = blast(paced.take());
  await paced.stop();
  await subject.stop();
  return {
    title: "Blast radius of a hot dialog, before and after its split",
    text:
      "SQLite × 4, shaped (commits of at least 20 ms and at most 15 rows), 1,600 messages/s, 40 % of them of one dialog; p99 of the " +
      "others on the hot dialog's fullest shard over p99 of the others elsewhere.",
    head: ["", "p99 beside it, ms", "p99 elsewhere, ms", "blast radius"],
    rows: [
      ["before", ...before],
      ["split in 4", ...after],
    ],
  };
}

function isHot({ to }: Answer): boolean {
  return to === 1_000;
}

/** @returns p99 beside the hot dialog and elsewhere, ms, and their ratio */
function blast(answers: readonly Answer[]): number[] {
  const counts = new Map<string, number>();
  for (const one of answers.filter(isHot)) counts.set(one.shard, (counts.get(one.shard) ?? 0) + 1);
  const [fullest] = [...counts].toSorted((a, b) => b[1] - a[1])[0]!;
  const others = answers.filter((one) => !isHot(one));
  const beside = quantile(
    others.filter(({ shard }) => shard === fullest),
    0.99,
  );
  const elsewhere = quantile(
    others.filter(({ shard }) => shard !== fullest),
    0.99,
  );
  return [beside, elsewhere, beside / elsewhere];
}

async function ask<T>(subject: Subject, method: string, path: string, body?: object): Promise<T> {
  const url = `${subject.url.replace(/^ws/u, "http").replace(/\/chat$/u, "")}${path}`;
  const token = createToken(DEVELOPMENT_SECRET, 1, "admin");
  const response = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
  return (await response.json()) as T;
}

function change(subject: Subject, request: ChangeRequest): Promise<ChangeReply> {
  return ask(subject, "POST", "/v1/shards/changes", { change: request });
}

async function rebalance(subject: Subject, throttle: boolean): Promise<{ copied: number; seen: number }> {
  await ask(subject, "POST", "/v1/shards/rebalance", { throttle });
  let seen = 0;
  for (;;) {
    const { last, work } = await ask<MoveStatus>(subject, "GET", "/v1/shards/rebalance");
    seen = Math.max(seen, work?.seen ?? 0);
    if (work === null && last?.moved !== undefined) return { copied: last.moved.copied, seen };
    if (last?.error !== undefined) throw new Error(last.error.message);
    await delay(20);
  }
}
