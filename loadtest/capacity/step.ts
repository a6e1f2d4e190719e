import type { Result } from "../report/result.ts";
import type { Vote } from "./search.ts";

/** More refused and unanswered messages than this, and a rate is not served, however quick the rest was. */
const MOST_FAILURES = 0.001;
/** A value so many times beyond the limit, or within it, needs no second run. */
const FAR = 1.5;
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
  /** Far from the limit: it needs no second run. */
  readonly clear: boolean;
  /** One sentence. */
  readonly why: string;
  /** Of the threshold, in its unit; null when the run was not judged. */
  readonly value: number | null;
  /** Rate at which the report expects the first shard to saturate, and that shard. */
  readonly forecast: { readonly shard: string; readonly rate: number } | null;
  readonly bottleneck: Bottleneck;
}

export interface Bottleneck {
  readonly what: "shard" | "event loop" | "generator";
  /** Label; null for what is no shard. */
  readonly shard: string | null;
  readonly evidence: string;
}

/** @returns null when the run is INVALID for a reason that says nothing of its rate: it is to be made again */
export function stepOf(rate: number, result: Result): Step | null {
  const common = { rate, forecast: forecastOf(rate, result), bottleneck: bottleneckOf(result) };
  const { reasons, status } = result.verdict;
  if (status === "INVALID") {
    const all = reasons.map(({ code }) => code);
    for (const [code, what] of Object.entries(NOT_OUTLIVED)) {
      const why = `${code}: ${what} did not outlive this rate`;
      if (all.includes(code)) return { ...common, vote: "fail", clear: true, value: null, why };
    }
    const codes = all.filter((code) => GENERATOR.has(code));
    if (codes.length === 0) return null;
    return { ...common, vote: "generator", clear: false, value: null, why: `INVALID: ${codes.join(", ")}` };
  }
  const row = result.thresholds?.[0];
  const value = row?.value ?? null;
  const { planned, refused, unknown } = result.traffic;
  const failures = (refused + unknown) / Math.max(1, planned);
  if (failures > MOST_FAILURES) {
    const why = `${(100 * failures).toFixed(1)} % of the messages were refused or not answered`;
    return { ...common, vote: "fail", clear: true, value, why };
  }
  const growth = result.headroom?.growthToLimit ?? 0;
  if (growth < -0.02) {
    const why = `shard ${result.headroom?.shard} is sent more than it can write: its queue grows for as long as this lasts`;
    return { ...common, vote: "fail", clear: growth < -0.1, value, why };
  }
  const passed = row?.status === "passed";
  return {
    ...common,
    vote: passed ? "pass" : "fail",
    clear: row !== undefined && isFar(row),
    value,
    why: row?.message ?? "",
  };
}

function isFar({ clear, limit, value }: NonNullable<Result["thresholds"]>[number]): boolean {
  if (!clear || value === null) return false;
  if (limit === 0 || value === 0) return true;
  const ratio = value / limit;
  return ratio > FAR || ratio < 1 / FAR;
}

function forecastOf(rate: number, { headroom, verdict }: Result): Step["forecast"] {
  if (headroom === null || verdict.status === "INVALID") return null;
  return { shard: headroom.shard, rate: rate * (1 + headroom.growthToLimit) };
}

/** What a run shows of where it would stop: the busiest writer if it is busy, the generator if it lagged, else the loop. */
function bottleneckOf({ generator, shards, verdict }: Result): Bottleneck {
  const [first] = [...shards].sort((a, b) => b.busy - a.busy);
  const busy =
    first === undefined
      ? ""
      : `the busiest writer, shard ${first.label}, had a commit under way ${(100 * first.busy).toFixed(0)} % of the time`;
  if (first !== undefined && first.busy >= BUSY) return { what: "shard", shard: first.label, evidence: busy };
  const codes = verdict.reasons.map(({ code }) => code).filter((code) => GENERATOR.has(code));
  if (codes.length > 0) {
    const evidence = `${codes.join(", ")}: ${generator.cpu.toFixed(2)} of a core busy, sends p99 ${generator.sendLagMs.p99.toFixed(0)} ms late; ${busy}`;
    return { what: "generator", shard: null, evidence };
  }
  return { what: "event loop", shard: null, evidence: `by elimination: the generator kept up, and ${busy}` };
}
