import { timeInWords } from "../arrivals/values.ts";
import type { Dials } from "../contract.ts";
import { defineScenario } from "../scenario.ts";
import { atOf, faultsBeneath, REHEARSAL_DIALS, rehearse } from "./rehearsal.ts";

const USUAL = 0.2;

/** How long the shard is lost, s. */
export function lossOf(dials: Dials): number {
  const given = Number(dials["lossS"] ?? 0);
  return given > 0 ? given : Math.min(USUAL, (1 - atOf(dials)) / 2) * dials.durationS;
}

/** A shard is lost in the middle, and comes back; who takes it away is `hotshard run`. */
export const shardLoss = defineScenario({
  name: "shard-loss",
  story: "a shard is lost in the middle and comes back; nothing that was acknowledged may be lost",
  dials: {
    ...REHEARSAL_DIALS,
    lose: { option: "lose", kind: "text", default: "01", meaning: "label of the shard that is lost" },
    lossS: {
      option: "loss",
      kind: "duration",
      min: 0,
      max: 3_600,
      default: 0,
      meaning: "how long it is lost; 0: a fifth of the measured phase",
    },
  },
  defaults: { durationS: 30 },
  leastUsers: 3,
  faults(dials) {
    const { at, durationS } = dials;
    const lossS = lossOf(dials);
    if (at * durationS + lossS < durationS) return faultsBeneath(dials);
    return [
      `the loss of ${timeInWords(lossS)} after ${timeInWords(at * durationS)} does not end within ` +
        `${timeInWords(durationS)}: give a longer duration or a shorter loss.`,
    ];
  },
  make: (dials) => rehearse("shard-loss", dials, lossOf(dials)),
});
