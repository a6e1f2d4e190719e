import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labPage } from "./lab-page.ts";
import { machine } from "./machine.ts";
import { measureNodeDriver } from "./node-driver.ts";
import type { Section } from "./report.ts";
import { startSubject } from "./subject.ts";

/**
 * `npm run bench:lab [-- NAME…]`: measures the load lab (all of it takes a quarter of an hour, or the named parts) and
 * writes `docs/benchmarks-lab.md`; parts that were not measured keep their text.
 */
const MINUTES = Number(process.env["BENCH_MINUTES"] ?? 10);
const PAGE = join(import.meta.dirname, "../docs/benchmarks-lab.md");

const PARTS: Readonly<Record<string, () => Promise<Section>>> = {
  "node-driver": nodeDriver,
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
  const line = (name: string, { mean, slope, slopeError }: (typeof row)["heap"], per: string) =>
    [name, `${mean.toFixed(1)} MB, ${slope.toFixed(2)} ± ${slopeError.toFixed(2)} MB/min ${per}`] as const;
  return {
    title: "The Node driver",
    text:
      `25,000 messages a second between 100 users for ${row.minutes} minutes, each sent at its moment, acknowledged, received ` +
      "and checked, on one thread; the chat server without stores on the same machine. Memory from the second minute on, with the slope's 95 % interval.",
    head: ["what", "measured"],
    rows: [
      ["messages/s, sent and checked", row.perSecond],
      ["CPU of the driver per message, µs", row.cpuMicros],
      ["send lag p50, ms", row.sendLagMs.p50],
      ["send lag p99, ms", row.sendLagMs.p99],
      line("live heap after a collection", row.heap, "(once a minute)"),
      line("resident memory", row.resident, "(once a second)"),
    ],
  };
}
