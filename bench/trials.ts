import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { childRun } from "../loadtest/experiments/child-run.ts";
import { compareRuns, DEFAULT_COMPARE, sift } from "../loadtest/experiments/compare/compare.ts";
import { openRun } from "../loadtest/experiments/compare/open.ts";
import { toldOf } from "../loadtest/report/words/comparison.ts";

/** Short and light, so that the generator is never the bottleneck of two cores. */
const COMMON = ["random", "--driver", "node", "--users", "200", "--rate", "300", "--warmup", "1s", "--duration", "10s"];
/** The shard that is made slower in the second run of a planted pair. */
const SLOW = "02";
/** Of commits, ms: 10 % more. */
const COMMIT_MS = { a: 40, b: 44 } as const;
/** A machine that is busy with something else makes a run INVALID; it is driven again, so often. */
const MOST_TRIES = 6;

export interface Trial {
  /** Shards (or "all") for which a difference was told. */
  readonly told: readonly string[];
  /** The slow shard was told to be worse. */
  readonly named: boolean;
  /** No shard that is not slow was told to be worse. */
  readonly onlyIt: boolean;
}

/**
 * Pairs of real runs: of the same thing ("same"), or with one of four shaped shards 10 % slower in the second
 * ("planted").
 *
 * @param folder keeps the runs; a pair that is there is not driven again, so an interrupted experiment goes on
 */
export async function trials(kind: "same" | "planted", pairs: number, folder: string): Promise<Trial[]> {
  const found: Trial[] = [];
  for (let pair = 1; pair <= pairs; pair += 1) {
    const [a, b] = await drivenPair(join(folder, `${kind}-${pair}`), kind);
    const [left, right] = await Promise.all([openRun(a, "A"), openRun(b, "B")]);
    const { refused } = sift(left, right, new Set());
    if (refused.length > 0) throw new Error(refused.map(({ message }) => message).join("; "));
    const told = toldOf(compareRuns(left, right, DEFAULT_COMPARE));
    const worse = told.flatMap(({ outcome, shard }) => (outcome === "worse" && shard !== null ? [shard] : []));
    const trial = {
      told: [...new Set(told.map(({ shard }) => shard ?? "all"))],
      named: worse.includes(SLOW),
      onlyIt: worse.every((shard) => shard === SLOW),
    };
    process.stderr.write(`  ${kind} ${pair}: ${trial.told.join(" ") || "no difference"}\n`);
    found.push(trial);
  }
  return found;
}

async function drivenPair(stem: string, kind: "same" | "planted"): Promise<[a: string, b: string]> {
  const folders: [string, string] = [`${stem}-a`, `${stem}-b`];
  if (folders.every((out) => existsSync(join(out, "result.json")))) return folders;
  // Half a pair is of another hour, and of what the machine did then.
  for (const out of folders) rmSync(out, { recursive: true, force: true });
  return [await driven(kind, "a", folders[0]), await driven(kind, "b", folders[1])];
}

async function driven(kind: "same" | "planted", side: "a" | "b", out: string): Promise<string> {
  const draft = `${out}.part`;
  for (let attempt = 1; attempt <= MOST_TRIES; attempt += 1) {
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft, { recursive: true });
    const { code, words } = await childRun([...COMMON, "--shards", shardsOf(kind, side, draft)], join(draft, "run"));
    if (code === 0) {
      renameSync(join(draft, "run"), out);
      rmSync(draft, { recursive: true, force: true });
      return out;
    }
    if (code !== 3) throw new Error(words);
  }
  throw new Error(`${out}: ${MOST_TRIES} runs in a row were INVALID; the machine is too busy`);
}

function shardsOf(kind: "same" | "planted", side: "a" | "b", folder: string): string {
  if (kind === "same") return "4";
  return ["00", "01", "02", "03"]
    .map((label) => `sqlite:${join(folder, label)}.db?commitMs=${label === SLOW ? COMMIT_MS[side] : COMMIT_MS.a}`)
    .join(",");
}
