import type { Topology } from "../placement/contract.ts";
import type { Sealing } from "./admission.ts";
import { idAt } from "./state.ts";

/**
 * What the shards are sealed by under a topology: its epoch, and the start of the newest segment that has begun. Segments
 * that begin later do not close what is before them yet.
 *
 * @param now Unix ms
 */
export function sealingOf({ epoch, segments }: Topology, now: number): Sealing {
  const current = idAt(now);
  const newest = segments.findLast(({ from }) => BigInt(from) <= current);
  return { epoch, boundary: BigInt(newest?.from ?? 0) };
}
