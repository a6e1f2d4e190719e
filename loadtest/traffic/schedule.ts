import { arrivalsOf } from "./arrivals/registry.ts";
import type { OpenShape, Piece } from "./arrivals/contract.ts";
import type { Dials } from "./contract.ts";

/** A stretch of the schedule in which the rate is constant or changes in a straight line. */
export interface Stretch {
  readonly phase: "warmup" | "measure";
  /** Milliseconds after the start of the schedule. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Messages per second at its two ends. */
  readonly from: number;
  readonly to: number;
  readonly messages: number;
}

/**
 * The whole schedule of an open model, the warm-up first. Each phase holds as many messages as the area under its rate,
 * to the whole message, and so does every beginning of it that ends with a stretch.
 *
 * @param times the rate of the dials is multiplied by it
 * @returns nothing of a closed model, which has no schedule
 */
export function scheduleOf(dials: Dials, times = 1): readonly Stretch[] {
  const { warmupS, durationS } = dials;
  const arrivals = arrivalsOf(times === 1 || dials.arrivals !== "" ? dials : { ...dials, rate: times * dials.rate });
  if (!arrivals.isOpen) return [];
  const factor = dials.arrivals === "" ? 1 : times;
  const pieces = piecesWithin(arrivals, durationS);
  const first = pieces[0]?.from ?? arrivals.last;
  return [
    ...stretches("warmup", [{ seconds: warmupS, from: first, to: first }], 0, factor),
    ...stretches("measure", pieces, warmupS, factor),
  ];
}

/** The pieces in a measured phase: cut where it ends, and the last rate until then. */
function piecesWithin({ pieces, last }: OpenShape, seconds: number): Piece[] {
  let left = seconds;
  const within: Piece[] = [];
  for (const piece of pieces) {
    if (left <= 0) break;
    const cut = Math.min(1, left / piece.seconds);
    const to = piece.from + (piece.to - piece.from) * cut;
    within.push(cut < 1 ? { seconds: left, from: piece.from, to } : piece);
    left -= piece.seconds;
  }
  // What is left of a sum of seconds after their difference is no stretch of its own.
  if (left > 1e-9 * seconds) within.push({ seconds: left, from: last, to: last });
  return within;
}

function stretches(phase: Stretch["phase"], pieces: readonly Piece[], startS: number, factor: number): Stretch[] {
  let at = startS;
  let area = 0;
  let before = 0;
  return pieces.map(({ seconds, from, to }) => {
    const fromMs = at * 1000;
    at += seconds;
    area += seconds * ((from + to) / 2) * factor;
    const messages = Math.round(area) - before;
    before += messages;
    return { phase, fromMs, untilMs: at * 1000, from: from * factor, to: to * factor, messages };
  });
}

/** Messages per second of the measured phase, on average, of an open model. */
export function averageRate(shape: OpenShape, durationS: number): number {
  const area = piecesWithin(shape, durationS).reduce(
    (sum, { seconds, from, to }) => sum + (seconds * (from + to)) / 2,
    0,
  );
  return Number((area / durationS).toPrecision(12));
}
