import type { Lane, Phase } from "../traffic/contract.ts";
import { phaseShare, type PhaseShare } from "../traffic/phase-share.ts";

/** Bins of equal chance: under Poisson arrivals each gets as many gaps. */
const GAP_BINS = 64;

/** Counts the gaps between the intended moments of the messages that one generator sends, in constant memory. */
export interface GapBins {
  /** @param at milliseconds after the start of the schedule, ascending */
  sent(at: number): void;
  /** Gaps by bin; bins of several generators add up. */
  readonly counts: readonly number[];
}

/**
 * Of `left` messages anywhere before an end, the next one comes after a share of the time that is left, and u = 1 − (1
 * − share)^left is even between 0 and 1, whatever came before: the bins are those of u. Of many messages that is 1 −
 * exp(−gap × rate), the exponential gaps of Poisson arrivals; of a handful it is still exact, and several lanes
 * together are as one. Where the rate changes, time is measured by the area under it.
 *
 * With even gaps u is how far a message lies from its place in the row, in halves of a gap: all are in the first bin.
 *
 * @param lanes of this generator; when one has a pace of its own, no gaps are kept
 */
export function createGapBins(lanes: readonly Pick<Lane, "phases">[]): GapBins {
  const counts = Array.from<number>({ length: GAP_BINS }).fill(0);
  const phases = together(lanes);
  let phase = 0;
  let last = 0;
  let left = phases[0]?.messages ?? 0;
  let shares: PhaseShare | null = null;

  /** @returns evenly spread from 0 to 1 when the arrivals are right */
  function place(at: number, { untilMs, rates, grid }: Phase): number {
    if (grid === undefined && rates === undefined) {
      const share = Math.min(1, (at - last) / (untilMs - last));
      return -Math.expm1(left * Math.log1p(-share));
    }
    const { share } = (shares ??= phaseShare(phases[phase]!, phases[phase - 1]?.untilMs ?? 0));
    if (grid !== undefined) {
      const row = share(at) * grid - 0.5;
      return 2 * Math.abs(row - Math.round(row));
    }
    const before = share(last);
    return -Math.expm1(left * Math.log1p(-Math.min(1, (share(at) - before) / (1 - before))));
  }

  return {
    sent(at) {
      if (phases.length === 0) return;
      while (phase < phases.length - 1 && at >= phases[phase]!.untilMs) {
        last = phases[phase]!.untilMs;
        phase += 1;
        left = phases[phase]!.messages;
        shares = null;
      }
      const u = place(at, phases[phase]!);
      const bin = Math.min(GAP_BINS - 1, Math.max(0, Math.floor(u * GAP_BINS)));
      counts[bin]! += 1;
      last = at;
      left = Math.max(1, left - 1);
    },
    counts,
  };
}

/** The phases of several lanes as those of one: they end at the same moments. */
function together(lanes: readonly Pick<Lane, "phases">[]): Phase[] {
  const [first = []] = lanes.map(({ phases }) => phases);
  if (lanes.some(({ phases }) => phases === undefined)) return [];
  return first.map((phase, index) => ({
    ...phase,
    messages: lanes.reduce((sum, { phases }) => sum + (phases?.[index]?.messages ?? 0), 0),
  }));
}

/** The gaps of several generators together; those of one that kept none count for nothing. */
export function addGapBins(parts: readonly (readonly number[])[]): number[] {
  return Array.from({ length: GAP_BINS }, (_, bin) => parts.reduce((sum, counts) => sum + (counts[bin] ?? 0), 0));
}
