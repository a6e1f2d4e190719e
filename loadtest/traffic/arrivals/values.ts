import { parseDuration } from "../dial.ts";

/** Messages per second beyond which nothing is believed. */
const MOST_PER_S = 1_000_000;

/** @returns messages per second, 0 to a million; NaN when the text is none */
export function readRate(text: string): number {
  const rate = /^\d+(?:\.\d+)?$/u.test(text) ? Number(text) : Number.NaN;
  return rate <= MOST_PER_S ? rate : Number.NaN;
}

/** @returns seconds of `20s`, `500ms`, `2m`; NaN when the text is no time above 0 */
export function readTime(text: string): number {
  const seconds = parseDuration(text);
  return seconds > 0 ? seconds : Number.NaN;
}

/**
 * `500/s`, `2,000/s`, `0.25/s`: two digits below one, one below a hundred, thousands with a comma; k6 has no `Intl`.
 */
export function rateInWords(rate: number): string {
  if (rate < 100) return `${Number(rate.toFixed(rate < 1 ? 2 : 1))}/s`;
  return `${String(Math.round(rate)).replace(/\B(?=(?:\d{3})+$)/gu, ",")}/s`;
}

/** `20 s`, `200 ms`. */
export function timeInWords(seconds: number): string {
  return seconds > 0 && seconds < 1 ? `${Number((1000 * seconds).toFixed(3))} ms` : `${Number(seconds.toFixed(3))} s`;
}
