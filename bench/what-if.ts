import { execFile } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Result } from "../loadtest/analysis/result/result.ts";
import type { WhatIf } from "../loadtest/analysis/result/what-if.ts";

const HOTSHARD = join(import.meta.dirname, "../bin/hotshard.js");
const run = promisify(execFile);

/** A traffic seen on four shards by slots, and where it is to go. */
interface Setting {
  readonly traffic: readonly string[];
  readonly placement: string;
  readonly shards: number;
}

const RANDOM = ["random"];
const ZIPF = ["zipf", "--zipf", "0.99"];
const GAGA = ["lady-gaga", "--hot-share", "0.3"];

const SETTINGS: readonly Setting[] = [
  { traffic: RANDOM, placement: "ring:virtualNodes=1", shards: 4 },
  { traffic: RANDOM, placement: "ring:virtualNodes=20", shards: 8 },
  { traffic: ZIPF, placement: "jump", shards: 8 },
  { traffic: ZIPF, placement: "modulo", shards: 5 },
  { traffic: GAGA, placement: "rendezvous", shards: 8 },
  { traffic: GAGA, placement: "ring", shards: 16 },
];

export interface ForecastRow {
  readonly setting: string;
  readonly forecast: number;
  readonly outcome: number;
}

/**
 * Forecasts from a run of `seconds` on four shards by slots what the same traffic, twice as long, will make of another
 * layout, and then makes that run.
 */
export async function measureForecasts(seconds: number): Promise<ForecastRow[]> {
  const folder = await mkdtemp(join(tmpdir(), "hotshard-forecast-"));
  const rows: ForecastRow[] = [];
  const seen = new Map<string, string>();
  for (const { traffic, placement, shards } of SETTINGS) {
    const name = traffic.join(" ");
    let basis = seen.get(name);
    if (basis === undefined) {
      basis = join(folder, `basis-${seen.size}`);
      await play(traffic, seconds, "slots", 4, basis);
      seen.set(name, basis);
    }
    const args = ["whatif", basis, "--json", "--shards", String(shards), "--placement", placement];
    const { stdout } = await run(process.execPath, [HOTSHARD, ...args, "--out", join(folder, "out.html")], {
      maxBuffer: 1e8,
    });
    const forecast = JSON.parse(stdout) as WhatIf;
    const row = forecast.rows.find((one) => one.placement === placement && one.shards === shards)!;
    const result = await play(traffic, 2 * seconds, placement, shards, join(folder, `outcome-${rows.length}`));
    rows.push({
      setting: `${name}: slots on 4 → ${placement} on ${shards}`,
      forecast: row.maxOverMean,
      outcome: result.skew.maxOverMean,
    });
  }
  await rm(folder, { recursive: true });
  return rows;
}

async function play(
  traffic: readonly string[],
  seconds: number,
  placement: string,
  shards: number,
  out: string,
): Promise<Result> {
  const dials = ["--driver", "node", "--duration", `${seconds}s`, "--rate", "400", "--seed", "7"];
  const args = [
    HOTSHARD,
    "run",
    ...traffic,
    ...dials,
    "--placement",
    placement,
    "--shards",
    String(shards),
    "--out",
    out,
  ];
  // A generator that lags makes a run INVALID (exit 3); where its messages lie is counted all the same.
  await run(process.execPath, args, { maxBuffer: 1e8 }).catch((error: { code?: unknown }) => {
    if (error.code !== 3) throw error;
  });
  return JSON.parse(await readFile(join(out, "result.json"), "utf8")) as Result;
}

export interface SpeedRow {
  readonly messages: number;
  readonly keys: number;
  readonly seconds: number;
  /** Of all threads, user and system. */
  readonly cpuSeconds: number;
  readonly peakMb: number;
}

/** A counts file of `keys` lines by Zipf's law (s = 0.9) that add up to `messages`, through the whole command. */
export async function measureSpeed(keys: number, messages: number): Promise<SpeedRow> {
  const folder = await mkdtemp(join(tmpdir(), "hotshard-speed-"));
  const counts = join(folder, "counts.csv");
  await writeCounts(counts, keys, messages);
  const from = performance.now();
  const { stdout, stderr } = await run(
    "/usr/bin/time",
    ["-v", process.execPath, HOTSHARD, "whatif", counts, "--json", "--out", join(folder, "out.html")],
    { maxBuffer: 1e8 },
  );
  const seconds = (performance.now() - from) / 1_000;
  const { input } = JSON.parse(stdout) as WhatIf;
  const [, user] = /User time \(seconds\): ([\d.]+)/u.exec(stderr) ?? [];
  const [, system] = /System time \(seconds\): ([\d.]+)/u.exec(stderr) ?? [];
  const [, peak] = /Maximum resident set size \(kbytes\): (\d+)/u.exec(stderr) ?? [];
  await rm(folder, { recursive: true });
  return {
    messages: input.messages,
    keys: input.dialogs,
    seconds,
    cpuSeconds: Number(user) + Number(system),
    peakMb: Number(peak) / 1_024,
  };
}

async function writeCounts(path: string, keys: number, messages: number): Promise<void> {
  const file = createWriteStream(path);
  let weights = 0;
  for (let rank = 1; rank <= keys; rank += 1) weights += rank ** -0.9;
  file.write("dialog,count\n");
  let owed = 0;
  let text = "";
  for (let rank = 1; rank <= keys; rank += 1) {
    owed += (messages * rank ** -0.9) / weights;
    const count = rank === keys ? Math.round(owed) : Math.floor(owed);
    owed -= count;
    text += `${((rank * 7_919) % 90_000_000) + 1}_${rank * 31 + 100_000_000},${count}\n`;
    if (text.length < 1 << 20) continue;
    if (!file.write(text)) await once(file, "drain");
    text = "";
  }
  file.end(text);
  await once(file, "finish");
}
