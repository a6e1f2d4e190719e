import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { benchAccounting } from "./accounting.ts";
import { benchDetector } from "./detector.ts";
import { measureLogDelivery, type Outage } from "./log-delivery.ts";
import { machine } from "./machine.ts";
import { measureObservation } from "./observation-cost.ts";
import { benchmarkPage, type Section } from "./report.ts";
import { benchScrape } from "./scrape.ts";
import { openStable, type SubjectName } from "./subjects.ts";

/**
 * `npm run bench:observability`: what it costs to be seen, in a few minutes; writes `docs/benchmarks-observability.md`.
 */
const ROUNDS = Number(process.argv[2] ?? 8);
const SUBJECTS: SubjectName[] = ["MySQL × 4", "SQLite × 4"];
/** With so many shards a process has about 2,000 series. */
const SHARDS = 17;

const LINES_PER_S = 5_000;
const LOG_S = 60;
const OUTAGES: readonly Outage[] = [
  { mood: 500, seconds: 10 },
  { mood: "hang", seconds: 10 },
  { mood: 429, seconds: 30 },
];

const sections = [detector(), accounting(), await scrapes(), await logs(), await costs()];
for (const { rows, title } of sections) {
  process.stdout.write(`${title}\n${rows.map((row) => `  ${row.join("  ")}`).join("\n")}\n`);
}
writeFileSync(
  join(import.meta.dirname, "../docs/benchmarks-observability.md"),
  benchmarkPage("bench:observability", machine(), sections),
);
process.exit();

function detector(): Section {
  const rows = [1_000, 10_000, 100_000].map((dialogs) => benchDetector(dialogs, 0.99, 20_000, 20));
  return {
    title: "Hot-dialog detector",
    text:
      "Zipf 0.99, 20,000 messages, 256 counters, 20 streams: recall of the true ten most frequent dialogs in the " +
      "worst stream (at least 1), and the time of a message (less than 1 µs): that of the detector, and of all " +
      "that is kept of a dialog.",
    head: ["dialogs", "recall", "detector, ns", "hash, window and detector, ns"],
    rows: rows.map((row) => [String(row.dialogs), row.recall, row.nanos, row.allNanos]),
  };
}

function accounting(): Section {
  return {
    title: "What is counted of a message",
    text:
      "CPU of the counting alone, without the chat: stages, key space, window, detector, fan-out, and its " +
      "part of a commit of ten.",
    head: ["", "CPU per message, ns"],
    rows: [["all of it", benchAccounting(5)]],
  };
}

async function scrapes(): Promise<Section> {
  const rows = [await benchScrape("text", SHARDS), await benchScrape("openmetrics", SHARDS)];
  return {
    title: "A scrape",
    text: "How long building the page keeps the event loop from anything else: 200 pages, less than 10 ms.",
    head: ["format", "series", "kB", "median, ms", "p99, ms", "most CPU, ms"],
    rows: rows.map((row) => [row.format, row.series, row.kilobytes, row.blockedMs, row.p99Ms, row.worstCpuMs]),
  };
}

async function logs(): Promise<Section> {
  // Side by side: exactness does not ask for a quiet machine.
  const rows = await Promise.all(OUTAGES.map((outage) => measureLogDelivery(LINES_PER_S, LOG_S, outage)));
  return {
    title: "Log lines to Loki",
    text:
      `${LINES_PER_S.toLocaleString("en")} lines a second for ${LOG_S} seconds to a stand-in that enforces ` +
      "Loki's limits and fails in the middle. Accepted and dropped add up to logged, exactly, and the stand-in " +
      "holds the accepted ones: the benchmark fails otherwise.",
    head: ["Loki says", "for, s", "logged", "accepted", "dropped", "held", "largest push, kB"],
    rows: rows.map((row, index) => [
      OUTAGES[index]!.mood === "hang" ? "nothing" : String(OUTAGES[index]!.mood),
      OUTAGES[index]!.seconds,
      ...[row.logged, row.accepted, row.dropped, row.held].map((lines) => lines.toLocaleString("en")),
      row.largestPush / 1_000,
    ]),
  };
}

async function costs(): Promise<Section> {
  const stable = await openStable();
  try {
    const options = { connections: 200, outstanding: 1, batch: 1, warmupS: 1, measureS: 2 };
    const rows = [];
    for (const subject of SUBJECTS) rows.push(await measureObservation(stable, subject, options, ROUNDS));
    return {
      title: "Metrics, detector and JSON log: on over off",
      text:
        "Server CPU per durable and delivered message, 100 senders with one message outstanding each; on: " +
        `metrics, detector, log at \`info\`; off: \`--observe 0 --log silent\`. ${ROUNDS} rounds of each; the ` +
        "goal is a median of at most 1.05. The µs are those of the quietest rounds. The spread is the largest " +
        "over the smallest figure of `off`: on a machine where it is larger than the ratio, this table decides " +
        "nothing.",
      head: ["server", "off, µs", "on, µs", "on / off, median", "on / off, quietest", "spread of off"],
      rows: rows
        .filter((row) => row !== null)
        .map((row) => [row.subject, row.offMicros, row.onMicros, row.ratio, row.quietestRatio, row.spread]),
    };
  } finally {
    await stable.stop();
  }
}
