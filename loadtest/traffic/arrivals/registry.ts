import type { Dials } from "../contract.ts";
import { closed } from "./closed.ts";
import { constant } from "./constant.ts";
import type { ArrivalModel, Arrivals, OpenShape } from "./contract.ts";
import { ramp } from "./ramp.ts";
import { spike } from "./spike.ts";
import { steps } from "./steps.ts";
import { rateInWords } from "./values.ts";

/** Every arrival model; a new one is a file beside this and a row here. */
export const ARRIVAL_MODELS: readonly ArrivalModel[] = [constant, ramp, steps, spike, closed];

/** Ends of the text that say how the gaps between messages are. */
const GAPS = /,(poisson|even)$/u;

const examples = (): string => ARRIVAL_MODELS.map(({ example }) => example).join(", ");

/**
 * Reads `MODEL:VALUES`, or `MODEL:VALUES,even` for even gaps.
 *
 * @returns the arrivals; or what is wrong and what would be right, one sentence
 */
export function parseArrivals(given: string): Arrivals | string {
  const text = given.replaceAll(/\s+/gu, "");
  const [, gaps = "poisson"] = GAPS.exec(text) ?? [];
  const [, name = "", values = ""] = /^([^:]*):?(.*)$/u.exec(text.replace(GAPS, "")) ?? [];
  const model = ARRIVAL_MODELS.find((one) => one.name === name);
  if (model === undefined) {
    return `arrivals must be like ${examples()}, with ",even" behind it for even gaps, not "${given}".`;
  }
  const shape = model.read(values);
  if (shape === null || typeof shape === "string") {
    const why = shape === null ? "" : `, which ${shape}`;
    return `arrivals must be ${name}:${model.form}, for example ${model.example}, not "${given}"${why}.`;
  }
  return { ...shape, model: name, gaps: gaps === "even" ? "even" : "poisson" };
}

/**
 * When the messages of a run come: what its dials say, or its rate all the time.
 *
 * @throws {RangeError} for dials that were never checked
 */
export function arrivalsOf({ arrivals: text, rate }: Pick<Dials, "arrivals" | "rate">): Arrivals {
  if (text === "") {
    const words = `a constant ${rateInWords(rate)}`;
    return { model: "constant", gaps: "poisson", isOpen: true, pieces: [], last: rate, words };
  }
  const parsed = parseArrivals(text);
  if (typeof parsed === "string") throw new RangeError(parsed);
  return parsed;
}

/** Messages per second at the peak; null: the rate is a result. */
export function peakRate(dials: Pick<Dials, "arrivals" | "rate">): number | null {
  const arrivals = arrivalsOf(dials);
  return arrivals.isOpen ? Math.max(arrivals.last, ...arrivals.pieces.flatMap(({ from, to }) => [from, to])) : null;
}

/** Seconds of the pieces of an open model: a shorter measured phase would cut them off. */
export function leastSeconds({ pieces }: Pick<OpenShape, "pieces">): number {
  return pieces.reduce((sum, { seconds }) => sum + seconds, 0);
}
