import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compareTrials, oneHour } from "./compare-sections.ts";
import { labPage } from "./lab-page.ts";
import { machine } from "./machine.ts";
import { measureNodeDriver } from "./node-driver.ts";
import type { Section } from "./report.ts";
import { startSubject } from "./subject.ts";
import { measureForecasts, measureSpeed } from "./what-if.ts";

/**
 * `npm run bench:lab [-- NAME…]`: measures the load lab (all of it takes a quarter of an hour, or the named parts) and
 * writes `docs/benchmarks-lab.md`; parts that were not measured keep their text.
 */
const MINUTES = Number(process.env["BENCH_MINUTES"] ?? 10);
const PAGE = join(import.meta.dirname, "../docs/benchmarks-lab.md");

const PARTS: Readonly<Record<string, () => Promise<Section>>> = {
  "node-driver": nodeDriver,
  "what-if": whatIfSpeed,
  "what-if-forecasts": whatIfForecasts,
  compare: compareTrials,
  "one-hour": oneHour,
};

const named = process.argv.slice(2);
const unknown = named.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0) throw new Error(`no part ${unknown.join(", ")}: there are ${Object.keys(PARTS).join(", ")}`);
for (const name of named.length > 0 ? named : Object.keys(PARTS)) {
  process.stderr.write(`bench: ${name} …\n`);
  const section = await PARTS[name]!();
  process.stderr.write(`${section.rows.map((row) => `  ${row.join("  ")}`).join("\n")}\n`);
  // After each: the next may fail, and takes its time.
  const before = existsSync(PAGE) ? readFileSync(PAGE, "utf8") : "";
  writeFileSync(PAGE, labPage(before, section, machine()));
}
process.exit();

async function nodeDriver(): Promise<Section> {
  const folder = mkdtempSync(join(tmpdir(), "hotshard-lab-"));
  const subject = await startSubject("./no-store.ts", ["--shards", "4", "--data", folder]);
  const row = await measureNodeDriver(subject, MINUTES);
  await subject.stop();
  rmSync(folder, { recursive: true, force: true });
  const { level, slope, low, high } = row.resident;
  return {
    title: "The Node driver",
    text:
      `25,000 messages a second between 100 users for ${row.minutes} minutes, each sent at its moment, ` +
      "acknowledged, received and checked, on one thread; the chat server without stores on the same machine. " +
      "Resident memory is read once a second from the second minute on; its slope has a 95 % interval. Driver " +
      "and server fill both cores: a run says SEND_LAG and is INVALID when its send lag p99 is above 50 ms.",
    head: ["what", "measured"],
    rows: [
      ["messages/s, sent and checked", row.perSecond],
      ["of all", row.failed],
      ["CPU of the driver per message, µs", row.cpuMicros],
      ["send lag p50, ms", row.sendLagMs.p50],
      ["send lag p99, ms", row.sendLagMs.p99],
      [
        "live memory after a collection, minute by minute, MB",
        row.heap.map((megabytes) => megabytes.toFixed(1)).join("  "),
      ],
      ["resident memory, MB", level.toFixed(0)],
      ["its slope, MB/min", `${slope.toFixed(2)} ± ${((high - low) / 2).toFixed(2)}`],
    ],
  };
}

async function whatIfSpeed(): Promise<Section> {
  const { messages, keys, seconds, cpuSeconds, peakMb } = await measureSpeed(10_000_000, 1_000_000_000);
  return {
    title: "What-if: a billion messages",
    text:
      "`hotshard whatif counts.csv`, the whole command: a file of a line for each key (counts, as a database's " +
      "GROUP BY gives them; Zipf, s = 0.9), every key placed by every placement on 2 to 64 shards, advice, " +
      "picture.",
    head: ["what", "measured"],
    rows: [
      ["messages", messages.toLocaleString("en")],
      ["distinct keys, lines", keys.toLocaleString("en")],
      ["seconds", seconds.toFixed(1)],
      ["CPU seconds of all threads", cpuSeconds.toFixed(1)],
      ["peak memory, MB", peakMb.toFixed(0)],
    ],
  };
}

async function whatIfForecasts(): Promise<Section> {
  const rows = await measureForecasts(10);
  return {
    title: "What-if: forecast and outcome",
    text:
      "Max/mean of real runs (SQLite shards, 400 messages/s). The forecast is made by `hotshard whatif` from a " +
      "run of 10 s on four shards by slots; the outcome is what the databases held after a run of 20 s of the " +
      "same traffic on the other layout.",
    head: ["from → to", "forecast", "outcome", "off by"],
    rows: rows.map(({ setting, forecast, outcome }) => [
      setting,
      forecast.toFixed(3),
      outcome.toFixed(3),
      `${((forecast / outcome - 1) * 100).toFixed(1)} %`,
    ]),
  };
}
