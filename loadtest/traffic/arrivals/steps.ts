import type { ArrivalModel } from "./contract.ts";
import { rateInWords, readRate, readTime, timeInWords } from "./values.ts";

const MOST_STEPS = 100;

/** One rate after the other, each for the same time; the last one until the end. */
export const steps: ArrivalModel = {
  name: "steps",
  form: "RATE,RATE,…/TIME",
  example: "steps:200,400,800/20s",
  meaning: "one rate after the other, each for so long",
  read(text) {
    const [, list = "", time = ""] = /^([^/]*)\/(.*)$/u.exec(text) ?? [];
    const rates = list.split(",").map(readRate);
    const seconds = readTime(time);
    if (rates.some(Number.isNaN) || Number.isNaN(seconds)) return null;
    if (rates.length > MOST_STEPS) return `has ${rates.length} steps, at most ${MOST_STEPS} are taken`;
    if (rates.every((rate) => rate === 0)) return "makes no message";
    const words = `steps of ${timeInWords(seconds)} at ${rates.map(rateInWords).join(", ")}`;
    const pieces = rates.map((rate) => ({ seconds, from: rate, to: rate }));
    return { isOpen: true, pieces, last: rates.at(-1) ?? 0, words };
  },
};
