import type { ArrivalModel } from "./contract.ts";
import { rateInWords, readRate } from "./values.ts";

/** The same rate all the time; `--rate` is short for it. */
export const constant: ArrivalModel = {
  name: "constant",
  form: "RATE",
  example: "constant:500",
  meaning: "the same rate all the time",
  read(text) {
    const rate = readRate(text);
    if (Number.isNaN(rate)) return null;
    if (rate === 0) return "makes no message";
    return { isOpen: true, pieces: [], last: rate, words: `a constant ${rateInWords(rate)}` };
  },
};
