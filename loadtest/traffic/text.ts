import type { Random } from "../stats/random.ts";

export type Phase = "warmup" | "measure";

/** @param at intended moment, ms after the start of the schedule */
export function phaseAt(at: number, warmupS: number): Phase {
  return at < warmupS * 1000 ? "warmup" : "measure";
}

/** What a message carries from its author's generator to its reader's. */
export interface Stamp {
  /** Number of the message among those of its author in its dialog: 1, 2, … */
  readonly seq: number;
  /** Every message up to this number had been answered (acked or refused) when this one was sent; 0: none. */
  readonly settled: number;
  /** Intended moment, ms on the clock that author and reader share, exact to a microsecond. */
  readonly intended: number;
  /** Moment at which it was handed to its socket, on the same clock: `sent − intended` is the send lag. */
  readonly sent: number;
  readonly phase: Phase;
}

/** Shortest and longest text, in characters. */
export const TEXT_LENGTH = { min: 64, max: 128 } as const;

const MARK = "hs1";
const LETTERS = "etaoin.shrdlu-cmfwyp";

/** ASCII without anything that JSON escapes, so that a frame can be written without a serializer. */
function makeFiller(random: Random): string {
  let filler = "";
  for (let i = 0; i < 4 * TEXT_LENGTH.max; i++) filler += LETTERS[random.below(LETTERS.length)];
  return filler;
}

/**
 * Writes texts of an even spread of lengths: `hs1 SEQ SETTLED INTENDED_US DELAY_US w|m FILLER`, plain ASCII that needs
 * no escape in JSON, so that its length is also its size in bytes.
 *
 * @param random a stream of its own: how often it is drawn from must not disturb the schedule
 * @returns writes one text; its `draw`, a number of `random`, is taken ahead by who writes in another order than was
 *   planned
 */
export function createTextWriter(random: Random): (stamp: Stamp, draw?: number) => string {
  const filler = makeFiller(random);
  const spread = TEXT_LENGTH.max - TEXT_LENGTH.min + 1;
  return ({ seq, settled, intended, sent, phase }, draw = random.next()) => {
    const due = Math.round(intended * 1000);
    const delay = Math.round(sent * 1000) - due;
    const head = `${MARK} ${seq} ${settled} ${due} ${delay} ${phase === "measure" ? "m" : "w"} `;
    const from = draw % TEXT_LENGTH.max;
    const length = TEXT_LENGTH.min + ((draw >>> 8) % spread) - head.length;
    return head + filler.slice(from, from + Math.max(1, length));
  };
}

/** @returns what `createTextWriter` wrote, or null when the text is somebody else's */
export function readText(text: string): Stamp | null {
  if (!text.startsWith(MARK)) return null;
  // By index: k6's engine takes more time to destructure an array than for all the rest.
  const parts = text.split(" ", 7);
  const phase = parts[5];
  if (parts[0] !== MARK || parts[6] === undefined || (phase !== "m" && phase !== "w")) return null;
  const seq = Number(parts[1]);
  const settled = Number(parts[2]);
  const due = Number(parts[3]);
  const delay = Number(parts[4]);
  if (!(Number.isSafeInteger(seq) && seq >= 1 && Number.isSafeInteger(settled) && settled >= 0)) return null;
  if (!(Number.isSafeInteger(due) && Number.isSafeInteger(delay)) || settled >= seq) return null;
  return {
    seq,
    settled,
    intended: due / 1000,
    sent: (due + delay) / 1000,
    phase: phase === "m" ? "measure" : "warmup",
  };
}
