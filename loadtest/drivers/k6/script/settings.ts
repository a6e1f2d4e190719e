import { DEVELOPMENT_SECRET } from "../../../../server/protocol/secret.ts";
import { isLoopback } from "../../chat-address.ts";
import type { Dials } from "../../../traffic/contract.ts";
import { arrivalsOf } from "../../../traffic/arrivals/registry.ts";
import { maxErrorsOf } from "../../../traffic/max-errors.ts";
import { parseDuration, parseShare } from "../../../traffic/dial.ts";
import { dialsFromEnvironment, parseDials } from "../../../traffic/dials.ts";
import { MAX_LANES } from "../../../traffic/lanes.ts";
import type { Scenario } from "../../../traffic/scenario.ts";
import { MOST_SHARDS } from "./metric-names.ts";

/** What a scenario is told by `k6 run -e NAME=value` or the environment. */
export interface Settings {
  readonly url: string;
  readonly dials: Dials;
  readonly secret: string;
  readonly secretIsPublic: boolean;
  /** Null: make one for this run. */
  readonly runId: string | null;
  readonly vus: number;
  /** This k6 among those that share the lanes out, from 0, and how many there are. */
  readonly generator: number;
  readonly generators: number;
  /** Start of the schedule that several k6 agree on, epoch milliseconds; null: when everybody here may be connected. */
  readonly startAt: number | null;
  /** Labels of the server's shards if known, else all that may be. */
  readonly labels: readonly string[];
  readonly labelsAreKnown: boolean;
  /** Milliseconds; p99 of the send lag above it makes the run INVALID. */
  readonly maxLagMs: number;
  /** Share of the messages that may fail, 0…1. */
  readonly maxErrors: number;
  /** Time to connect before the schedule starts, milliseconds. */
  readonly connectMs: number;
  /** Longest wait for answers after the end of the schedule, milliseconds. */
  readonly drainMs: number;
  /** Print what every VU counted, a line a second, for a program that reads it. */
  readonly lines: boolean;
  /** Share of the dialogs whose operations are printed with the lines; 0: none. */
  readonly operations: number;
  /** Keep durations as k6's trends, which cost time and memory: for its own summary or for Prometheus. */
  readonly trends: boolean;
  /** Address of the driver that says when the schedule ends before its time; null: it goes on to its end. */
  readonly cutUrl: string | null;
  /** Where to write the counters instead of printing the table; null: print. */
  readonly summaryFile: string | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The same limit as in the verdict of `hotshard run` (`analysis/verdict.ts`). */
export const MAX_LAG_MS = 50;
/** Its thresholds must be declared before k6 can ask the server anything, and so must the traffic. */
const AIM_REMEDY =
  "Dials that say an effect on the shards need the server's placement: use `hotshard run --driver k6`, which " +
  "asks for it.";
const CLOSED_ALONE = "GENERATORS: a closed model is one generator's, as whose turn it is depends on every answer.";
const DRAIN_MS = 10_000;
const CONNECT_MS = { least: 2_000, perUser: 4 } as const;
const DEFAULT_VUS = 4;

/**
 * Reads and checks everything.
 *
 * @throws {Error} with every fault in one line; k6 then exits with 107 before it sends anything
 */
export function readSettings(scenario: Scenario, env: Environment): Settings {
  const faults: string[] = [];
  const parsed = parseDials(scenario, dialsFromEnvironment(scenario, env));
  if ("faults" in parsed) faults.push(...parsed.faults);
  else if (scenario.needsAim(parsed.dials)) faults.push(AIM_REMEDY);
  const url = env["URL"] || "ws://127.0.0.1:8086/chat";
  const host = /^wss?:\/\/(\[[^\]]+\]|[^/:?#]+)(?::\d+)?(?:[/?#]|$)/.exec(url)?.[1];
  if (host === undefined) faults.push(`URL must be ws://HOST:PORT/chat or wss://…, not "${url}".`);
  const secret = env["HOTSHARD_SECRET"] || DEVELOPMENT_SECRET;
  const secretIsPublic = secret === DEVELOPMENT_SECRET;
  if (secretIsPublic && host !== undefined && !isLoopback(host) && env["HOTSHARD_DEV"] !== "1") {
    faults.push(`HOTSHARD_SECRET must be the server's, as ${host} is not loopback (or HOTSHARD_DEV=1 on both sides).`);
  }
  const vus = Number(env["VUS"] || DEFAULT_VUS);
  if (!(Number.isInteger(vus) && vus >= 1)) faults.push(`VUS must be a whole number from 1 to ${MAX_LANES}.`);
  const part = readPart(env, faults);
  const maxLagMs = Number(env["MAX_LAG_MS"] || MAX_LAG_MS);
  if (!(maxLagMs > 0)) faults.push("MAX_LAG_MS must be a number of milliseconds above 0.");
  const maxErrors = env["MAX_ERRORS"] ? parseShare(env["MAX_ERRORS"]) : null;
  if (maxErrors !== null && !(maxErrors >= 0)) faults.push("MAX_ERRORS must be a share like 0.1% or 0.001.");
  const connectMs = env["CONNECT"] ? parseDuration(env["CONNECT"]) * 1000 : null;
  if (connectMs !== null && !(connectMs >= 0)) faults.push("CONNECT must be a duration like 5s.");
  const drainMs = env["DRAIN"] ? parseDuration(env["DRAIN"]) * 1000 : DRAIN_MS;
  if (!(drainMs >= 0)) faults.push("DRAIN must be a duration like 10s.");
  if (!("faults" in parsed) && part.generators > 1 && !arrivalsOf(parsed.dials).isOpen) faults.push(CLOSED_ALONE);
  if (faults.length > 0 || "faults" in parsed) throw new Error(`${scenario.name}: ${faults.join(" ")}`);
  const story = scenario.make(parsed.dials);
  const known = env["SHARD_LABELS"] ? env["SHARD_LABELS"].split(",") : null;
  return {
    url,
    dials: parsed.dials,
    secret,
    secretIsPublic,
    runId: env["RUN_ID"] || null,
    // A VU without a lane would only cost memory.
    vus: vusOf(vus, story.lanes().length, part.generators),
    ...part,
    labels: known ?? Array.from({ length: MOST_SHARDS }, (_, index) => String(index).padStart(2, "0")),
    labelsAreKnown: known !== null,
    maxLagMs,
    maxErrors: maxErrors ?? maxErrorsOf(story),
    connectMs: connectMs ?? timeToConnect(story.online),
    drainMs,
    lines: env["HOTSHARD_LINES"] === "1",
    operations: Number(env["HOTSHARD_OPERATIONS"] || 0),
    trends: env["HOTSHARD_LINES"] !== "1" || env["HOTSHARD_TRENDS"] === "1",
    cutUrl: env["HOTSHARD_CUT"] || null,
    summaryFile: env["HOTSHARD_SUMMARY"] || null,
  };
}

function readPart(env: Environment, faults: string[]): Pick<Settings, "generator" | "generators" | "startAt"> {
  const generators = Number(env["GENERATORS"] || 1);
  if (!(Number.isInteger(generators) && generators >= 1 && generators <= MAX_LANES)) {
    faults.push(`GENERATORS must be a whole number from 1 to ${MAX_LANES}.`);
  }
  const generator = Number(env["GENERATOR"] || 0);
  if (!(Number.isInteger(generator) && generator >= 0 && generator < generators)) {
    faults.push("GENERATOR must be a whole number from 0 to below GENERATORS.");
  }
  const startAt = env["START_AT"] ? Number(env["START_AT"]) : null;
  if (startAt !== null && !(startAt > 0)) faults.push("START_AT must be epoch milliseconds.");
  return { generator, generators, startAt };
}

/** VUs of each of several k6: every hand of lanes has one at least. */
export function vusOf(asked: number, lanes: number, generators: number): number {
  return Math.max(1, Math.min(asked, Math.floor(lanes / generators)));
}

/** Milliseconds in which so many users are connected. */
export function timeToConnect(users: number): number {
  return CONNECT_MS.least + CONNECT_MS.perUser * users;
}
