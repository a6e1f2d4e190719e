import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DRIVERS } from "../loadtest/drivers/registry.ts";
import { measureGenerator, type GeneratorRow } from "./generators.ts";
import { machine } from "./machine.ts";
import { measureIdleConnections } from "./idle-connections.ts";
import { compareSubjects, type CostRow } from "./message-cost.ts";
import { benchPlacements } from "./placement.ts";
import { benchStorage } from "./storage.ts";
import { benchmarkPage, type Section } from "./report.ts";
import { say } from "./say.ts";
import { openStable, type Stable, type SubjectName } from "./subjects.ts";

/** `npm run bench`: measures everything in turn (about ten minutes) and writes `docs/benchmarks.md`. */
const ROUNDS = 5;
const COST_SUBJECTS: SubjectName[] = ["bare echo", "no store", "SQLite × 4", "MySQL × 4"];
const RATES: Readonly<Record<string, readonly number[]>> = { k6: [2_500, 5_000, 8_000], node: [5_000, 15_000, 25_000] };
const IDLE = 10_000;

const stable = await openStable();
try {
  const sections = [
    await say("one message at a time", () => costs(stable, 1)),
    await say("batches of 8 frames", () => costs(stable, 8)),
    await say("group commit", () => groupCommit(stable)),
    await say("shard stores alone", stores),
    await say("generators", () => generators(stable)),
    await say("idle connections", () => idle(stable)),
    await say("placement", placement),
  ];
  writeFileSync(join(import.meta.dirname, "../docs/benchmarks.md"), benchmarkPage("bench", machine(), sections));
} finally {
  await stable.stop();
}
process.exit();

async function costs(stable: Stable, batch: number): Promise<Section> {
  const options = { connections: 200, outstanding: batch, batch, warmupS: 2, measureS: 4 };
  const rows = await compareSubjects(stable, COST_SUBJECTS, options, ROUNDS);
  return {
    title: batch === 1 ? "Durable and delivered messages, one at a time" : `Client batches of ${batch} frames`,
    text:
      `200 connections, 100 senders, ${batch === 1 ? "one message" : `one batch of ${batch}`} outstanding ` +
      `each, ${ROUNDS} rounds. The bare echo is \`ws\` alone: it parses the same frames, passes them to the peer ` +
      "and acks them.",
    head: ["server", "CPU per message, µs", "× bare echo", "messages/s"],
    rows: rows.map((row) => [row.subject, row.cpuMicros, row.cpuRatio, Math.round(row.perSecond)]),
  };
}

async function groupCommit(stable: Stable): Promise<Section> {
  const subjects: SubjectName[] = ["MySQL × 4, single rows", "MySQL × 4"];
  const options = { connections: 200, outstanding: 8, batch: 1, warmupS: 2, measureS: 4 };
  const rows: CostRow[] = await compareSubjects(stable, subjects, options, ROUNDS);
  return {
    title: "Group commit",
    text: `800 outstanding messages (100 senders, 8 each), durable commits, ${ROUNDS} rounds.`,
    head: ["writer", "messages/s", "× single rows"],
    rows: rows.map((row) => [row.subject, Math.round(row.perSecond), row.perSecondRatio]),
  };
}

async function stores(): Promise<Section> {
  const rows = await benchStorage(3);
  return {
    title: "Shard stores alone",
    text:
      "One shard, one commit after the other. CPU is that of this process, the shard's thread included, " +
      "without the database server.",
    head: ["engine", "rows per commit", "rows/s", "CPU per row, µs", "commit, ms"],
    rows: rows.map((row) => [row.engine, row.group, Math.round(row.rowsPerS), row.cpuMicros, row.commitMs]),
  };
}

async function generators(stable: Stable): Promise<Section> {
  const rows: GeneratorRow[] = [];
  for (const driver of DRIVERS) {
    if ((await driver.unavailable()) !== null) continue;
    for (const rate of RATES[driver.name] ?? []) {
      const subject = (await stable.start("no store"))!;
      rows.push(await measureGenerator(driver, subject, rate));
      await subject.stop();
    }
  }
  return {
    title: "Generators",
    text: "Messages sent, acknowledged, received and checked, against the server without stores on the same cores.",
    head: ["driver", "asked/s", "acknowledged/s", "send lag p99, ms", "CPU per message, µs"],
    rows: rows.map((row) => [row.driver, row.asked, Math.round(row.acked), row.sendLagP99Ms, row.cpuMicros]),
  };
}

async function idle(stable: Stable): Promise<Section> {
  const subject = (await stable.start("SQLite × 4"))!;
  const row = await measureIdleConnections(subject, IDLE);
  await subject.stop();
  return {
    title: "Idle connections",
    text: "Growth of the server's resident memory.",
    head: ["connections", "kB each"],
    rows: [[row.connections, row.kilobytesEach]],
  };
}

function placement(): Section {
  return {
    title: "Placement",
    text: "One thread, eight shards, through the router as the server does.",
    head: ["placement", "millions/s"],
    rows: benchPlacements(1).map((row) => [row.placement, row.millionsPerS]),
  };
}
