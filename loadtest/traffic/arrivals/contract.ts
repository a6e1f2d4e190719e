/** A straight piece of the rate over time; messages per second at its two ends. */
export interface Piece {
  readonly seconds: number;
  readonly from: number;
  readonly to: number;
}

/** An open model: messages have their moments whether or not the server keeps up. */
export interface OpenShape {
  readonly isOpen: true;
  /** From the start of the measured phase on; before it, in the warm-up, the rate is that of their start. */
  readonly pieces: readonly Piece[];
  /** Messages per second after the last piece, to the end. */
  readonly last: number;
  /** Seconds of the measured phase where no duration is given; absent: as long as the pieces. */
  readonly usualS?: number;
}

/** A closed model: so many users each write, wait for the answer, think, and write again; the rate is a result. */
export interface ClosedShape {
  readonly isOpen: false;
  /** Whole, at least 1. */
  readonly users: number;
  /** Mean time from the answer to the next message, seconds, >= 0. */
  readonly thinkS: number;
}

export type Shape = OpenShape | ClosedShape;

/** When messages come. */
export type Arrivals = Shape & {
  readonly model: string;
  /** `poisson`: random, as of many users who know nothing of each other; `even`: all gaps alike. */
  readonly gaps: "poisson" | "even";
  /** `a ramp from 100/s to 2,000/s in 60 s`. */
  readonly words: string;
};

/** One arrival model; each is a file of its own, named in `registry.ts`. */
export interface ArrivalModel {
  /** What stands before the colon. */
  readonly name: string;
  /** What follows the colon, with names for the values. */
  readonly form: string;
  readonly example: string;
  /** One line for people. */
  readonly meaning: string;
  /** @returns the shape and its words; or what is wrong, as a clause; null when the text has not the form */
  read(text: string): (Shape & { readonly words: string }) | string | null;
}
