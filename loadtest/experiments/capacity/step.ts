import type { Slice } from "../../measurement/measurement.ts";
import { percent } from "../../stats/format.ts";
import type { Result } from "../../analysis/result/result.ts";
import { queueGrowth, type QueueGrowth } from "./queue-growth.ts";
import type { Vote } from "./search.ts";

/** More refused and unanswered messages than this, and a rate is not served, however quick the rest was. */
const MOST_FAILURES = 0.001;
/**
 * A shard is sent too much when all of the interval of its headroom is below: 1 %, the finest precision of a search.
 */
const BEYOND = -0.01;
/** A writer so busy is the bottleneck. */
const BUSY = 0.85;
/** Reasons for which the load was not the one asked for. */
const GENERATOR = new Set(["SEND_LAG", "HANDLER_LAG", "GENERATOR_CPU", "DROPPED"]);

/** Reasons for which the rate is not served, and what it broke. */
const NOT_OUTLIVED = { SERVER_GONE: "the server", SHARD_LOST: "a shard" };

/** What one run at one rate showed. */
export interface Step {
  readonly rate: number;
  readonly vote: Vote;
  /** ln(figure ÷ limit), above 0 where the limit is not kept; null: there is no figure, or it did not decide. */
  readonly distance: number | null;
  /** Standard error of the distance by the interval of the figure; 0: not known. */
  readonly error: number;
  /** One sentence. */
  readonly why: string;
  /** Of the threshold, in its unit; null when the run was not judged. */
  readonly value: number | null;
  /** Rate at which the report expects the first shard to saturate with its 95 % interval, and that shard. */
  readonly forecast: {
    readonly shard: string;
    readonly rate: number;
    readonly low: number;
    readonly high: number;
  } | null;
  readonly bottleneck: Bottleneck;
}

export interface Bottleneck {
  readonly what: "shard" | "event loop" | "generator";
  /** Label; null for what is no shard. */
  readonly shard: string | null;
  readonly evidence: string;
}

/**
 * @param slices of the run; without any no growth of a queue is seen
 * @returns null when the run is INVALID for a reason that says nothing of its rate: it is to be made again
 */
export function stepOf(rate: number, result: Result, slices: readonly Slice[] = []): Step | null {
  const row = result.thresholds?.[0];
  const growth = queueGrowth(result, slices);
  const isJudged = result.verdict.status === "VALID";
  const common = {
    rate,
    distance: null,
    error: 0,
    value: isJudged ? (row?.value ?? null) : null,
    forecast: forecastOf(rate, result),
    bottleneck: bottleneckOf(result, growth),
  };
  if (!isJudged) {
    const all = result.verdict.reasons.map(({ code }) => code);
    for (const [code, what] of Object.entries(NOT_OUTLIVED)) {
      if (all.includes(code)) return { ...common, vote: "fail", why: `${code}: ${what} did not outlive this rate` };
    }
    const codes = all.filter((code) => GENERATOR.has(code));
    return codes.length === 0 ? null : { ...common, vote: "generator", why: `INVALID: ${codes.join(", ")}` };
  }
  const why = unsustained(result, growth);
  const kept = row?.status === "passed";
  // A figure that is good for another reason than the rate says nothing of how far the capacity is.
  if (why !== null && kept) return { ...common, vote: "fail", why };
  const figure = row === undefined ? {} : distanceOf(row);
  return { ...common, ...figure, vote: kept ? "pass" : "fail", why: why ?? row?.message ?? "" };
}

/** Why a rate is not served however quick the run was, in words; null when nothing speaks against it. */
function unsustained({ headroom, shards, traffic }: Result, growth: QueueGrowth | null): string | null {
  const { planned, refused, unknown } = traffic;
  const failures = (refused + unknown) / Math.max(1, planned);
  if (failures > MOST_FAILURES) return `${percent(failures)} of the messages were refused or not answered`;
  const beyond = headroom?.growthInterval?.high ?? headroom?.growthToLimit ?? 0;
  if (beyond < BEYOND) {
    return `shard ${headroom?.shard} is sent more than it can write: its queue grows for as long as this lasts`;
  }
  if (growth === null) return null;
  const busy = shards.some((shard) => shard.busy >= BUSY);
  const queue =
    growth.shard !== null ? `queue of shard ${growth.shard}` : busy ? "queues of the shards" : "event loop's queue";
  return `the ${queue} still grew at the end (${growthInWords(growth)}): this rate does not hold`;
}

function growthInWords({ msPerS, low, high }: QueueGrowth): string {
  const ends = `${Math.max(0, low).toFixed(0)} to ${high.toFixed(0)} ms`;
  return `each second messages waited ${msPerS.toFixed(0)} ms longer, 95 % interval ${ends}`;
}

type Row = NonNullable<Result["thresholds"]>[number];

/** Standard deviations of a normal variate in half of its 95 % interval. */
const Z = 1.96;

/** A ratio has a logarithm only when both are above 0; counts that must be 0, for one, are kept or not. */
function distanceOf({ high, limit, low, op, value }: Row): Pick<Step, "distance" | "error"> {
  if (value === null || !(value > 0 && limit > 0)) return { distance: null, error: 0 };
  const ratio = Math.log(value / limit);
  const reaches = [low, high].flatMap((end) => (end !== null && end > 0 ? [Math.abs(Math.log(end / value)) / Z] : []));
  const error = reaches.length === 0 ? 0 : reaches.reduce((sum, reach) => sum + reach, 0) / reaches.length;
  return { distance: op === ">" || op === ">=" ? -ratio : ratio, error };
}

function forecastOf(rate: number, { headroom, verdict }: Result): Step["forecast"] {
  if (headroom === null || verdict.status === "INVALID") return null;
  const { growthInterval: ends, growthToLimit: growth, shard } = headroom;
  const at = (more: number) => rate * (1 + more);
  return { shard, rate: at(growth), low: at(ends?.low ?? growth), high: at(ends?.high ?? growth) };
}

/**
 * What a run shows of where it would stop: a shard's queue or busy writer, the generator if it lagged, else the loop.
 */
function bottleneckOf({ generator, shards, verdict }: Result, growth: QueueGrowth | null): Bottleneck {
  const [first] = [...shards].sort((a, b) => b.busy - a.busy);
  const busy =
    first === undefined
      ? ""
      : `the busiest writer, shard ${first.label}, had a commit under way ${(100 * first.busy).toFixed(0)} % ` +
        "of the time";
  if (growth !== null && growth.shard !== null) {
    return { what: "shard", shard: growth.shard, evidence: `${growthInWords(growth)}, and only there; ${busy}` };
  }
  if (first !== undefined && first.busy >= BUSY) return { what: "shard", shard: first.label, evidence: busy };
  const codes = verdict.reasons.map(({ code }) => code).filter((code) => GENERATOR.has(code));
  if (codes.length > 0) {
    const evidence =
      `${codes.join(", ")}: ${generator.cpu.toFixed(2)} of a core busy, sends p99 ` +
      `${generator.sendLagMs.p99.toFixed(0)} ms late; ${busy}`;
    return { what: "generator", shard: null, evidence };
  }
  const shared = growth === null ? "" : `${growthInWords(growth)}, on all shards alike; `;
  return { what: "event loop", shard: null, evidence: `by elimination: ${shared}the generator kept up, and ${busy}` };
}
