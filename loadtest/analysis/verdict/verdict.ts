import type { Measurement } from "../../measurement/measurement.ts";
import { percent } from "../../stats/format.ts";
import type { Result } from "../result/result.ts";
import type { RunEvidence } from "../result/run-evidence.ts";
import { arrivalsOf } from "../../traffic/arrivals/registry.ts";
import { askedOf } from "../../traffic/asked.ts";
import type { Dials } from "../../traffic/contract.ts";
import { quantileOf, type HistogramData } from "../../measurement/histogram.ts";
import { gapDistance, outOfRow } from "./arrival-gaps.ts";
import { contradictionsOf, counterValues } from "./counters.ts";
import { countTolerance } from "./deviation.ts";
import { ackedOf, missingSamples, sampleCounts, total } from "./missing-samples.ts";
import { reachedRate } from "./reached-rate.ts";
import type { ZipfFit } from "./realised-zipf.ts";

/** Where a generator stops being believed. */
interface VerdictLimits {
  /** p99 of actual − intended moment of the send, ms. */
  readonly sendLagMs: number;
  /** p99 of handler − socket, ms. */
  readonly handlerLagMs: number;
  /** Busy share of the cores that the generator can use. */
  readonly cpu: number;
  /** Jump of the wall clock, ms. */
  readonly clockJumpMs: number;
}

export const VERDICT_LIMITS: VerdictLimits = { sendLagMs: 50, handlerLagMs: 50, cpu: 0.9, clockJumpMs: 250 };

export interface VerdictInput extends Pick<RunEvidence, "serverGone" | "shardsLost" | "readersLost" | "seen"> {
  readonly measurement: Measurement;
  readonly dials: Dials;
  /** `Story.askedShare`. */
  readonly askedShare: number | null;
  /** What became of `Story.popularity`; absent or null: it promises none, or nothing was stored. */
  readonly zipf?: ZipfFit | null;
  /** `Story.expected`: messages that a story with a pace of its own is expected to plan. */
  readonly expected?: number;
  /** `Story.expectedIsExact`. */
  readonly expectedIsExact?: true;
  readonly audit: Result["audit"];
  /** Cores that the generator's threads could use at the run: at most 1 for the Node driver. */
  readonly cores: number;
  readonly limits?: Partial<VerdictLimits>;
}

/** A generator that makes less than this share of what was asked is behind, chance aside. */
const BEHIND = 0.9;
/** Of what a generator made at its limit, what it can make without lagging. */
const ROOM = 0.7;

type Reason = Result["verdict"]["reasons"][number];
/** What speaks against a run: the words, and the figures in them. */
interface Finding {
  readonly message: string;
  readonly evidence: Readonly<Record<string, number>>;
}
type Check = (input: VerdictInput & { readonly limits: VerdictLimits }) => Finding | null;

const INTERRUPTED: Reason = {
  code: "INTERRUPTED",
  message: "The run was interrupted: it shows a part of the story. Run it to its end.",
  evidence: {},
};

/** What is missing when nobody could say what is stored. */
const NO_AUDIT = "there is no audit; shares and skew are those of the schedule.";

/** What every count of such a run says: a part of the story is missing. */
function generatorsLost({ generator }: Measurement): Reason[] {
  const { lost = [], processes = 1 } = generator;
  if (lost.length === 0) return [];
  const message =
    `${lost.length} of ${processes} generators died (${lost.join("; ")}): what they sent and ` +
    "measured is missing here, and the audit cannot tell. Look for its cause, memory for one, and run again.";
  return [{ code: "GENERATOR_LOST", message, evidence: { lost: lost.length, processes } }];
}

/**
 * Every reason for which a run that came to its end is INVALID, in the order in which they are told: what a reader can
 * believe, not whether the server did well. A message that was lost is the audit's affair.
 */
const CHECKS: Readonly<Record<string, Check>> = {
  SERVER_GONE({ serverGone, shardsLost, measurement }) {
    if (serverGone === undefined || shardsLost !== undefined) return null;
    const message =
      `The server could not be asked what it stored (${serverGone}): ${NO_AUDIT} Look into the ` +
      "server's log; that of a run's own server, if it said anything, is server.log in the run's folder.";
    return { message, evidence: { acked: total(measurement, ackedOf) } };
  },

  SHARD_LOST({ shardsLost, measurement }) {
    if (shardsLost === undefined) return null;
    const why = `What is stored could not be counted, because ${shardsLost}: ${NO_AUDIT}`;
    const message = `${why} Bring it back, and run again.`;
    return { message, evidence: { acked: total(measurement, ackedOf) } };
  },

  READERS_LOST({ readersLost, measurement }) {
    if (readersLost === undefined) return null;
    const message =
      `Nobody read beside the writers to the end (${readersLost}): the server had less to do than ` +
      "asked. Run again, for some seconds at least.";
    return { message, evidence: { acked: total(measurement, ackedOf) } };
  },

  NO_CHANGE({ seen, measurement }) {
    if (seen?.missing === undefined) return null;
    const message = `The shards did not change as the scenario has it (${seen.missing}): nothing was rehearsed. Mend that, and run again.`;
    return { message, evidence: { acked: total(measurement, ackedOf) } };
  },

  SEND_LAG: (input) =>
    lagging(input, "sent", "their intended moment", input.measurement.generator.sendLag, input.limits.sendLagMs),

  HANDLER_LAG: (input) =>
    lagging(input, "handled", "they were read", input.measurement.generator.handlerLag, input.limits.handlerLagMs),

  GENERATOR_CPU(input) {
    const { measurement, cores, limits } = input;
    const { cpu } = measurement.generator;
    if (cpu <= limits.cpu * cores) return null;
    const message =
      `The generator kept ${cpu.toFixed(2)} of ${cores === 1 ? "1 core" : `${cores} cores`} busy ` +
      `(at most ${percent(limits.cpu)} is believed): it was the bottleneck, not the server. ${remedyOf(input)}`;
    return { message, evidence: { busyCores: cpu, cores, limitCores: limits.cpu * cores, ...ratesOf(input) } };
  },

  DROPPED({ measurement: { late, planned } }) {
    if (late === 0) return null;
    const message =
      `${late} of ${planned} planned messages were never sent, because the generator was late: the ` +
      "load was lighter than asked. Lower --rate, or share it out with --generators.";
    return { message, evidence: { late, planned } };
  },

  SHARE_OFF({ measurement, askedShare }) {
    if (askedShare === null) return null;
    const { hotOffered } = measurement;
    const offered = measurement.sent + measurement.notConnected;
    const tolerance = countTolerance(offered * askedShare * (1 - askedShare));
    if (Math.abs(hotOffered - offered * askedShare) <= tolerance) return null;
    const share = (count: number) => count / Math.max(1, offered);
    const message =
      `The hot dialog got ${percent(share(hotOffered))} of the messages and ${percent(askedShare)} ` +
      `was asked for; chance explains ${percent(share(tolerance))} to either side. Report it as a fault of ` +
      "the generator.";
    const evidence = { asked: askedShare, realised: share(hotOffered), tolerance: share(tolerance) };
    return { message, evidence };
  },

  ZIPF_OFF({ zipf }) {
    if (!zipf || Math.abs(zipf.meanLogRank - zipf.expectedLogRank) <= zipf.tolerance) return null;
    const message =
      `The popularity of the dialogs was that of a Zipf law with exponent ${zipf.realised.toFixed(2)}, and ` +
      `${zipf.asked.toFixed(2)} was asked for; chance does not explain it in ${zipf.messages} messages. Report ` +
      "it as a fault of the generator.";
    return { message, evidence: { ...zipf } };
  },

  ARRIVALS_OFF({ measurement: { cutAtS, planned }, dials, expected, expectedIsExact = false }) {
    const asked = askedOf({ expected }, dials)?.messages;
    // Of a part of the schedule nobody asked for a number.
    if (asked === undefined || cutAtS !== undefined) return null;
    // A pace of its own whose number is left to chance is the only one that may stray.
    const tolerance = expected === undefined || expectedIsExact ? 0 : countTolerance(expected);
    if (Math.abs(planned - asked) <= tolerance) return null;
    const course = dials.arrivals === "" ? `${dials.rate}/s make` : `${arrivalsOf(dials).words} makes`;
    const source = expected === undefined ? course : "the story makes";
    const chance = tolerance === 0 ? "" : ` ± ${Math.round(tolerance)}`;
    const message =
      `The schedule held ${planned} messages and ${source} ${asked}${chance}: this was not the ` +
      "traffic asked for. Report it as a fault of the generator, or of the scenario when it is your own.";
    return { message, evidence: { planned, asked, tolerance } };
  },

  GAPS_OFF({ measurement: { generator }, dials, expected }) {
    // A story with a pace of its own promises no gaps, and a closed model has those that the answers make.
    if (generator.gaps === undefined || expected !== undefined) return null;
    if (arrivalsOf(dials).gaps === "even") return unevenGaps(generator.gaps);
    const { distance, tolerance, gaps } = gapDistance(generator.gaps);
    if (distance <= tolerance) return null;
    const message =
      "The gaps between messages were not those of Poisson arrivals at the rate asked for: their " +
      `shares are off by up to ${percent(distance)}, and chance explains ${percent(tolerance)} of ${gaps}. ` +
      "Report it as a fault of the generator.";
    return { message, evidence: { distance, tolerance, gaps } };
  },

  SAMPLES_MISSING({ measurement, dials, audit }) {
    const missing = missingSamples(measurement, dials, audit);
    if (missing === null) return null;
    const { what, remedy } = missing;
    const message = `Samples are missing (${what}): the percentiles would speak of a part only. ${remedy}`;
    return { message, evidence: sampleCounts(measurement) };
  },

  COUNTERS_CONTRADICT({ measurement, audit }) {
    const contradictions = contradictionsOf(measurement, audit);
    if (contradictions.length === 0) return null;
    const message =
      `Counters contradict each other (${contradictions.join("; ")}): something was not counted. ` +
      "Look for lost connections among the errors, else report it as a fault of the generator.";
    return { message, evidence: counterValues(measurement, audit) };
  },

  CLOCK_JUMPED({ measurement, limits }) {
    const jump = measurement.generator.clockJumpMs ?? 0;
    if (jump <= limits.clockJumpMs) return null;
    const message =
      `The machine's clock jumped by ${Math.round(jump)} ms (at most ${limits.clockJumpMs} ms is ` +
      "believed): it was set, or the machine slept. Run again.";
    return { message, evidence: { jumpMs: jump, limitMs: limits.clockJumpMs } };
  },
};

function unevenGaps(bins: readonly number[]): Finding | null {
  const astray = outOfRow(bins);
  if (astray === 0) return null;
  const gaps = bins.reduce((sum, count) => sum + count, 0);
  const message =
    `${astray} of ${gaps} messages were not due at even gaps, which were asked for. Report it as a ` +
    "fault of the generator.";
  return { message, evidence: { astray, gaps } };
}

/** Every code that a verdict may name. */
export const REASON_CODES = [INTERRUPTED.code, "GENERATOR_LOST", ...Object.keys(CHECKS)];

/**
 * Whether the figures of a run can be believed, decided before any of them is shown. Of an interrupted run, and of one
 * that lost a generator, only that is told: what else looks wrong is its doing.
 */
export function judge(input: VerdictInput): Result["verdict"] {
  if (input.measurement.interrupted) return { status: "INVALID", reasons: [INTERRUPTED] };
  const lost = generatorsLost(input.measurement);
  if (lost.length > 0) return { status: "INVALID", reasons: lost };
  const full = { ...input, limits: { ...VERDICT_LIMITS, ...input.limits } };
  const reasons: Reason[] = [];
  for (const [code, check] of Object.entries(CHECKS)) {
    const finding = check(full);
    if (finding !== null) reasons.push({ code, ...finding });
  }
  return { status: reasons.length === 0 ? "VALID" : "INVALID", reasons };
}

/** What the generator made of what it was asked for, where the seconds of the run tell. */
function ratesOf({ measurement, dials }: VerdictInput): Record<string, number> {
  const reached = reachedRate(measurement.slices, dials.warmupS + dials.durationS);
  const arrivals = arrivalsOf(dials);
  // Where the rate changes or is a result, its best seconds tell nothing of what was asked for.
  if (reached === null || !arrivals.isOpen || arrivals.pieces.length > 0) return {};
  // What was sent and not acknowledged was made as well, at the same pace.
  const acked = total(measurement, (shard) => shard.acked);
  return { askedPerS: dials.rate, reachedPerS: (reached * measurement.sent) / Math.max(1, acked) };
}

/** Of a rate that cannot be made, what can: with room, as a generator at its limit lags. */
function remedyOf(input: VerdictInput): string {
  const { isOpen } = arrivalsOf(input.dials);
  if (!isOpen) return "Let fewer users in, or run the generator on a machine of its own.";
  const { askedPerS = 0, reachedPerS = askedPerS } = ratesOf(input);
  const isBehind = reachedPerS < BEHIND * askedPerS;
  const reached =
    `It came to ${Math.round(reachedPerS)} messages a second of the ${askedPerS} asked for: try ` +
    `--rate ${Math.floor(ROOM * reachedPerS)}`;
  return (
    `${isBehind ? reached : `Lower ${input.dials.arrivals === "" ? "--rate" : "the rates of --arrivals"}`}, ` +
    "share it out with --generators, or run the generator on a machine of its own."
  );
}

function lagging(input: VerdictInput, what: string, than: string, lag: HistogramData, limit: number): Finding | null {
  const p99 = quantileOf(lag, 0.99);
  if (p99 <= limit) return null;
  const message =
    `One message in a hundred was ${what} ${p99.toFixed(1)} ms or more after ${than} (at most ` +
    `${limit} ms is believed): the generator was the bottleneck, not the server. ${remedyOf(input)}`;
  return { message, evidence: { p99Ms: p99, limitMs: limit, ...ratesOf(input) } };
}
