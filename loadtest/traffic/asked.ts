import type { Dials, Story } from "./contract.ts";

/** What a run is asked to send. */
export interface Asked {
  /** Messages per second: what `--rate` says, or the average of a story with a pace of its own. */
  readonly rate: number;
  /** Messages of the whole schedule, warm-up included. */
  readonly messages: number;
}

/** Messages that a rate makes in the warm-up and in the measured phase: as many as asked, to the whole message. */
export function messagesOf({ rate, warmupS, durationS }: Dials): {
  readonly warmup: number;
  readonly measured: number;
} {
  return { warmup: Math.round(rate * warmupS), measured: Math.round(rate * durationS) };
}

/** @param story with `expected` when it has a pace of its own */
export function askedOf({ expected }: { readonly expected?: Story["expected"] }, dials: Dials): Asked {
  const { warmup, measured } = messagesOf(dials);
  if (expected === undefined) return { rate: dials.rate, messages: warmup + measured };
  return { rate: perSecondOf(expected, dials.warmupS + dials.durationS), messages: Math.round(expected) };
}

/** Without the last digits of a sum of seconds: 30 messages in 0.1 s and 0.2 s are 100 a second. */
export function perSecondOf(messages: number, seconds: number): number {
  return Number((messages / seconds).toPrecision(12));
}

/**
 * `asked 500/s, made 500/s`: messages per second of the schedule, as asked for and as sent.
 *
 * @param dial `--rate`: when another rate was asked for, that is the average of a story with a pace of its own
 */
export function askedAndMade(asked: number, made: number, dial: number): string {
  const average = shown(asked) === shown(dial) ? "" : " on average";
  return `asked ${shown(asked)}/s${average}, made ${shown(made)}/s`;
}

/** Two digits below one, one below a hundred, and thousands with a comma; k6 has no `Intl`. */
function shown(rate: number): string {
  if (rate < 100) return String(Number(rate.toFixed(rate < 1 ? 2 : 1)));
  return String(Math.round(rate)).replace(/\B(?=(?:\d{3})+$)/gu, ",");
}
