import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createRandom } from "../loadtest/stats/random.ts";
import { writeRun } from "../loadtest/report/write.ts";
import { startChromium } from "../test/support/chromium.ts";
import { syntheticRun } from "../test/support/synthetic-run.ts";
import { median } from "./median.ts";

const SHARDS = 64;
const SECONDS = 3_600;
/** Messages per second and shard: 3,200 in all, 11.5 million in the hour. */
const PER_SHARD = 50;
const DIALOGS = 100_000;
const ROUNDS = 5;

export interface OneHour {
  readonly slicesMegabytes: number;
  /** `hotshard compare A B`, the whole command, median. */
  readonly compareS: number;
  readonly reportKilobytes: number;
  /** From opening the file to the second frame after it was loaded, median. */
  readonly drawnS: number;
}

/** Two synthetic results of an hour on 64 shards, as `hotshard run` writes them: compared, and one report drawn. */
export async function measureOneHour(): Promise<OneHour> {
  const folder = mkdtempSync(join(tmpdir(), "hotshard-hour-"));
  try {
    const random = createRandom(1, 1);
    const dialogs = Array.from({ length: DIALOGS }, (_, i) => ({
      dialog: `${i}_${i + 1 + random.below(1_000)}`,
      shard: String(random.below(SHARDS)).padStart(2, "0"),
      count: 1 + Math.floor(random.exponential() * 115),
    }));
    for (const noise of [1, 2]) {
      const run = syntheticRun({ noise, shards: SHARDS, seconds: SECONDS, perShard: PER_SHARD });
      await writeRun(join(folder, String(noise)), { ...run, dialogs });
    }
    const report = join(folder, "1", "report.html");
    return {
      slicesMegabytes: statSync(join(folder, "1", "slices.ndjson")).size / 1e6,
      compareS: median(Array.from({ length: ROUNDS }, () => compareOnce(folder))),
      reportKilobytes: statSync(report).size / 1e3,
      drawnS: await drawn(report),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function compareOnce(folder: string): number {
  const start = performance.now();
  const args = [join(import.meta.dirname, "../bin/hotshard.js"), "compare", "1", "2", "--out", "out"];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return (performance.now() - start) / 1_000;
}

async function drawn(report: string): Promise<number> {
  const browser = await startChromium();
  const seconds: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const page = await browser.newPage({ viewport: { width: 1_200, height: 900 } });
    const start = performance.now();
    await page.goto(pathToFileURL(report).href);
    await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
    seconds.push((performance.now() - start) / 1_000);
    await page.close();
  }
  await browser.close();
  return median(seconds);
}
