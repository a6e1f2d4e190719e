import type { Sealing } from "./admission.ts";
import { idAt, later, type State } from "./state.ts";

/**
 * What the shards are sealed by: the newest epoch, and the id below which nothing is written any more. Segments of a
 * hand-written topology that begin later do not close what is before them yet.
 *
 * @param now Unix ms
 */
export function sealingOf(
  { closedBelow = "0", topology }: Pick<State, "closedBelow" | "topology">,
  now: number,
): Sealing {
  if (topology === undefined) return { epoch: 0, boundary: 0n };
  const current = idAt(now);
  const newest = topology.segments.findLast(({ from }) => BigInt(from) <= current);
  return { epoch: topology.epoch, boundary: later(BigInt(newest?.from ?? 0), BigInt(closedBelow)) };
}
