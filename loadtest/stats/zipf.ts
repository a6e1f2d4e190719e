import { exactExp, exactLog, expm1Over, log1pOver } from "./exact-math.ts";
import type { Random } from "./random.ts";

/** Weights (k + shift)^−exponent of k = 1…keys: Zipf for shift 0, Zipf–Mandelbrot for others. */
export interface ZipfLaw {
  /** >= 0; 0 is even. */
  readonly exponent: number;
  /** >= 1. */
  readonly keys: number;
  /** Above −1. */
  readonly shift: number;
}

/** Below this many terms a sum is taken term by term. */
const TERMS = 64;

/**
 * Draws k = 1…keys in constant memory and time, whatever the exponent: rejection-inversion (W. Hörmann and G.
 * Derflinger, "Rejection-inversion to generate variates from monotone discrete distributions", ACM TOMACS 6(3), 1996,
 * algorithm ZRI).
 */
export function createZipf(law: ZipfLaw): (random: Random) => number {
  const { keys } = law;
  const weight = weightOf(law);
  const { integral, inverse } = integralOf(law);
  const first = integral(1.5);
  const low = first - weight(1);
  const high = integral(keys + 0.5);
  const sure = keys < 2 ? 0 : 2 - inverse(integral(2.5) - weight(2));
  return (random) => {
    for (;;) {
      // 64 bits, so that the rare keys of a million are not drawn from a grid.
      const u = high + ((random.next() + random.uniform()) / 4_294_967_296) * (low - high);
      // Left of it everything is the first key's; the integral may have no inverse there.
      if (u < first || keys === 1) return 1;
      const x = inverse(u);
      const k = Math.min(keys, Math.max(1, Math.floor(x + 0.5)));
      if (k - x <= sure || u >= integral(k + 0.5) - weight(k)) return k;
    }
  };
}

/** The weight of one key. @returns a function of k, 1 to keys */
export function weightOf({ exponent, shift }: ZipfLaw): (k: number) => number {
  return (k) => exactExp(-exponent * exactLog(k + shift));
}

/**
 * Σ of the weights of k = 1…keys: the first terms one by one, the rest by Euler and Maclaurin up to the third
 * derivative, exact to about 12 digits.
 */
export function zipfMass(law: ZipfLaw): number {
  const { exponent: s, keys, shift } = law;
  const weight = weightOf(law);
  let sum = 0;
  const from = Math.min(keys, TERMS);
  for (let k = 1; k <= from; k += 1) sum += weight(k);
  if (keys === from) return sum;
  const { integral } = integralOf(law);
  const first = (y: number) => -s * exactExp((-s - 1) * exactLog(y));
  const third = (y: number) => -s * (s + 1) * (s + 2) * exactExp((-s - 3) * exactLog(y));
  const a = from + 1;
  const corrections = (first(keys + shift) - first(a + shift)) / 12 - (third(keys + shift) - third(a + shift)) / 720;
  return sum + integral(keys) - integral(a) + (weight(a) + weight(keys)) / 2 + corrections;
}

/** ∫ of the weight as a function of a real k, and its inverse; stable near exponent 1, where it is the logarithm. */
function integralOf({ exponent, shift }: ZipfLaw) {
  return {
    integral: (x: number): number => {
      const log = exactLog(x + shift);
      return log * expm1Over((1 - exponent) * log);
    },
    inverse: (u: number): number => exactExp(u * log1pOver((1 - exponent) * u)) - shift,
  };
}
