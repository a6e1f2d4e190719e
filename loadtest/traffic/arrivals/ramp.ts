import type { ArrivalModel } from "./contract.ts";
import { rateInWords, readRate, readTime, timeInWords } from "./values.ts";

/** From one rate to another in a straight line, up or down; then the second one until the end. */
export const ramp: ArrivalModel = {
  name: "ramp",
  form: "FROM..TO/TIME",
  example: "ramp:100..2000/60s",
  meaning: "a straight line from one rate to another",
  read(text) {
    const [, first = "", second = "", time = ""] = /^([^/]*?)\.\.([^/]*)\/(.*)$/u.exec(text) ?? [];
    const [from, to, seconds] = [readRate(first), readRate(second), readTime(time)];
    if ([from, to, seconds].some(Number.isNaN)) return null;
    if (from + to === 0) return "makes no message";
    const words = `a ramp from ${rateInWords(from)} to ${rateInWords(to)} in ${timeInWords(seconds)}`;
    return { isOpen: true, pieces: [{ seconds, from, to }], last: to, words };
  },
};
