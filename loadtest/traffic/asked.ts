import { arrivalsOf } from "./arrivals/registry.ts";
import { rateInWords } from "./arrivals/values.ts";
import type { Dials, Story } from "./contract.ts";
import { scheduleOf } from "./schedule.ts";

/** What a run is asked to send. */
export interface Asked {
  /**
   * Messages per second: what `--rate` says, or the average of arrivals that change, or of a story with a pace of its
   * own.
   */
  readonly rate: number;
  /** Messages of the whole schedule, warm-up included. */
  readonly messages: number;
}

/** Messages of the warm-up and of the measured phase, of an open model: as many as asked, to the whole message. */
export function messagesOf(dials: Dials): { readonly warmup: number; readonly measured: number } {
  const schedule = scheduleOf(dials);
  const of = (wanted: "warmup" | "measure") =>
    schedule.reduce((sum, { phase, messages }) => sum + (phase === wanted ? messages : 0), 0);
  return { warmup: of("warmup"), measured: of("measure") };
}

/**
 * @param story with `expected` when it has a pace of its own
 * @returns null of a closed model, whose rate is a result
 */
export function askedOf({ expected }: { readonly expected?: Story["expected"] }, dials: Dials): Asked | null {
  const seconds = dials.warmupS + dials.durationS;
  if (expected !== undefined) return { rate: perSecondOf(expected, seconds), messages: Math.round(expected) };
  const arrivals = arrivalsOf(dials);
  if (!arrivals.isOpen) return null;
  const { warmup, measured } = messagesOf(dials);
  const messages = warmup + measured;
  return { rate: arrivals.pieces.length === 0 ? arrivals.last : perSecondOf(messages, seconds), messages };
}

/** Without the last digits of a sum of seconds: 30 messages in 0.1 s and 0.2 s are 100 a second. */
export function perSecondOf(messages: number, seconds: number): number {
  return Number((messages / seconds).toPrecision(12));
}

/**
 * `asked 500/s, made 500/s`: messages per second of the schedule, as asked for and as sent.
 *
 * @param isAverage the rate changes on the way
 */
export function askedAndMade(asked: number, made: number, isAverage: boolean): string {
  return `asked ${rateInWords(asked)}${isAverage ? " on average" : ""}, made ${rateInWords(made)}`;
}
