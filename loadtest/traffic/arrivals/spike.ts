import type { ArrivalModel, Piece } from "./contract.ts";
import { rateInWords, readRate, readTime, timeInWords } from "./values.ts";

const level = (rate: number, seconds: number): Piece => ({ seconds, from: rate, to: rate });

/** One rate, another one for a while from a moment on, and the first one again. */
export const spike: ArrivalModel = {
  name: "spike",
  form: "RATE..PEAK/TIME@START",
  example: "spike:200..2000/5s@20s",
  meaning: "one rate, with another one for so long from a moment on",
  read(text) {
    const [, first = "", second = "", time = "", start = ""] = /^([^/]*?)\.\.([^/]*)\/([^@]*)@(.*)$/u.exec(text) ?? [];
    const [rate, peak, seconds, at] = [readRate(first), readRate(second), readTime(time), readTime(start)];
    if ([rate, peak, seconds, at].some(Number.isNaN)) return null;
    if (rate + peak === 0) return "makes no message";
    return {
      isOpen: true,
      pieces: [level(rate, at), level(peak, seconds)],
      last: rate,
      // As long after it as before, to see the server recover.
      usualS: at + seconds + at,
      words:
        `${rateInWords(rate)} with a spike of ${rateInWords(peak)} for ${timeInWords(seconds)} at ` + timeInWords(at),
    };
  },
};
