import { join } from "node:path";
import { shellWords } from "../../system/command-line.ts";
import type { Driver, Progress } from "../../drivers/contract.ts";
import type { Advice, Result } from "../../analysis/result/result.ts";
import { playUntilMeasured } from "../replay.ts";
import type { ChangeRequest } from "../../../server/protocol/shards.ts";
import { createShardsClient } from "../../run/shards-client.ts";
import { executeRun } from "../../run/run.ts";
import { parseDials } from "../../traffic/dials.ts";
import { findScenario } from "../../traffic/stories/registry.ts";

/** Each shard takes at most 20 rows every 40 ms, 500 a second: 55 % of 1,000 is too much for one, 29 % is not. */
const SHARDS = "4?commitMs=40&maxRows=20";
/** Soon out, soon back: the whole of it in one act. */
const SOON = ["--dead-ms", "1000", "--well-ms", "1500"];
/** Of each act; the acts are compared, so one that a busy machine spoiled spoils all. */
const MOST_TRIES = 3;
const DIALS = { users: "500", rate: "1000", duration: "15s", warmup: "2s", seed: "1" };

export interface DemoOptions {
  readonly driver: Driver;
  readonly secret: string;
  readonly out: string;
  readonly signal: AbortSignal;
  onAct(act: DemoAct): void;
  /** The act's server listens at this address of its chat. */
  onServer(act: DemoAct, url: string): void;
  onProgress(act: DemoAct, progress: Progress): void;
  /** @param again whether the act is played once more because the machine was too busy to measure it */
  onResult(act: DemoAct, result: Result, again: boolean): void;
}

export interface DemoAct {
  /** 1…5. */
  readonly number: number;
  readonly scenario: "random" | "lady-gaga" | "shard-loss";
  /** How the messages are placed, in words. */
  readonly placed: string;
  /** Folder of the run inside `out`. */
  readonly folder: string;
  /** max/mean that the previous act's advice promises for this one; null when there is none. */
  readonly forecast: Result["forecast"] | null;
}

export interface PlayedAct {
  readonly act: DemoAct;
  readonly result: Result;
}

/**
 * Five acts on four shards: random traffic on the layout that many start with, the same on a good one, one hot dialog,
 * the hot dialog again, for which the advice of the third act is followed while it runs, and a shard that is lost and comes back before one more
 * is added. An interruption ends it after the current act.
 */
export async function playDemo(options: DemoOptions): Promise<PlayedAct[]> {
  const played: PlayedAct[] = [];
  for (const number of [1, 2, 3, 4, 5]) {
    if (options.signal.aborted) break;
    const { act, advice, serverArgs } = stage(number, played.at(-1)?.result);
    const tryOnce = () => {
      options.onAct(act);
      return play(act, serverArgs, options, advice);
    };
    const result = await playUntilMeasured(MOST_TRIES, tryOnce, (one, again) => options.onResult(act, one, again));
    played.push({ act, result });
  }
  return played;
}

function stage(
  number: number,
  last: Result | undefined,
): { act: DemoAct; serverArgs: readonly string[]; advice?: Advice } {
  if (number === 5) {
    const scenario = "shard-loss" as const;
    const act: DemoAct = { number, scenario, placed: "slots", folder: "5-shard-loss", forecast: null };
    return { act, serverArgs: SOON };
  }
  const scenario = number < 3 ? ("random" as const) : ("lady-gaga" as const);
  if (number < 4) {
    const placement = number === 1 ? "ring:virtualNodes=1" : "slots";
    const folder = `${number}-${scenario}-${number === 1 ? "ring" : "slots"}`;
    const act: DemoAct = { number, scenario, placed: placement, folder, forecast: null };
    return { act, serverArgs: ["--placement", placement] };
  }
  const advice: Advice = last!.advice[0]!;
  const placed = `slots, ${advice.action}${advice.readFanout === undefined ? "" : ` in ${advice.readFanout}`}`;
  const act: DemoAct = {
    number,
    scenario,
    placed,
    folder: "4-lady-gaga-remedied",
    forecast: { maxOverMean: advice.forecast.maxOverMean, of: last!.run.id },
  };
  return { act, serverArgs: ["--placement", "slots"], advice };
}

/** @param advice is followed while the act runs, in its warm-up */
async function play(
  act: DemoAct,
  serverArgs: readonly string[],
  options: DemoOptions,
  advice?: Advice,
): Promise<Result> {
  const parsed = parseDials(findScenario(act.scenario)!, DIALS);
  if ("faults" in parsed) throw new Error(parsed.faults.join(" "));
  const args = ["--shards", SHARDS, ...serverArgs];
  const add = act.scenario === "shard-loss" ? ["--add", "new"] : [];
  const dials = Object.entries(DIALS).flatMap(([name, value]) => [`--${name}`, value]);
  let follow = advice === undefined ? null : followed(advice);
  let url = "";
  let following: Promise<unknown> = Promise.resolve();
  const result = await executeRun({
    scenario: act.scenario,
    dials: parsed.dials,
    driver: options.driver,
    secret: options.secret,
    url: null,
    serverArgs: args,
    out: join(options.out, act.folder),
    command: `${shellWords(["hotshard", "run", act.scenario, ...dials, ...add, ...args])}${meanwhile(advice)}`,
    ...(add.length > 0 && { add: "new" }),
    onServer(address) {
      url = address;
      options.onServer(act, url);
    },
    onProgress(progress) {
      options.onProgress(act, progress);
      if (follow === null || progress.phase === "connect") return;
      following = createShardsClient(url, options.secret).change({ change: follow });
      // It is waited for when the run is over.
      following.catch(() => undefined);
      follow = null;
    },
    ...(act.forecast && { forecast: act.forecast }),
    signal: options.signal,
  });
  await following;
  return result;
}

/** What is done to the server of a run while it runs, as a comment behind the run's command. */
function meanwhile(advice: Advice | undefined): string {
  if (advice === undefined) return "";
  const change = followed(advice);
  const words =
    change.do === "split" ? [change.dialog, "--parts", String(change.parts)] : Object.values(change).slice(1, 3);
  return ` # meanwhile: ${shellWords(["hotshard", "shards", change.do, ...words.map(String)])}`;
}

/** @throws {Error} for an advice that the third act does not give */
function followed({ action, dialog, dialogShare, shards = [] }: Advice): ChangeRequest {
  if (action === "split" && dialog !== undefined) return { do: "split", dialog, parts: shards.length };
  if (action === "pin" && dialog !== undefined) return { do: "pin", dialog, shard: shards[0]!, share: dialogShare! };
  throw new Error(`the third act advises ${action}, which is nothing to do with its hot dialog`);
}
