import { studentQuantile } from "../../stats/student.ts";
import { percent } from "../../stats/format.ts";
import { measuresOf } from "../../analysis/slices/measures.ts";
import type { CompareOptions } from "./compare.ts";
import { SHARE_OF_WHOLE } from "./decide.ts";

/** Normal quantile of four in five. */
const POWER = 0.8416;

/** Figures of all shards together, with that of failures. */
const WHOLE = measuresOf([]).length + 1;

/**
 * The change of a figure of all shards that so many rounds tell in four of five experiments: the interval reaches t
 * times an error that is estimated itself, with rounds − 2 degrees of freedom (normal approximation to the noncentral
 * t; Johnson & Welch, Biometrika 31, 1940).
 *
 * @param noise standard deviation between runs of the same setting, as a share of a figure, ≥ 0
 * @returns as a share of the figure
 */
export function detectableChange(
  rounds: number,
  noise: number,
  { confidence, tolerance }: Pick<CompareOptions, "confidence" | "tolerance">,
): number {
  const error = Math.log1p(noise) * Math.sqrt(2 / rounds);
  const freedom = rounds - 2;
  const tail = (SHARE_OF_WHOLE * (1 - confidence)) / WHOLE / 2;
  const t = studentQuantile(tail, freedom);
  const reach = t * (1 - 1 / (4 * freedom)) + POWER * Math.sqrt(1 + t ** 2 / (2 * freedom));
  return Math.expm1(Math.log1p(tolerance) + error * reach);
}

/** Noise between runs of a quiet machine, of a usual one, and of one that is shared. */
const NOISES = [0.01, 0.03, 0.08];

/** What so many rounds can see, before anything is known of the noise. */
export function powerInWords(rounds: number, options: Pick<CompareOptions, "confidence" | "tolerance">): string {
  const cases = NOISES.map((noise, i) => {
    const change = percent(detectableChange(rounds, noise, options), 0);
    return i === 0
      ? `${change} on where runs of the same setting vary by ${percent(noise, 0)}`
      : `${change} by ${percent(noise, 0)}`;
  });
  return (
    `${rounds} rounds find a change of all shards, in 4 of 5 experiments, from ${cases.join(", from ")}; ` +
    "more rounds find smaller ones."
  );
}
