import { hash } from "node:crypto";
import type { Topology } from "../placement/contract.ts";
import type { Sealing } from "./admission.ts";
import { idAt, type Layout } from "./state.ts";

/**
 * What the shards are sealed by under a topology: its epoch, and the start of the newest segment that has begun.
 * Segments that begin later do not close what is before them yet.
 *
 * @param now Unix ms
 */
export function sealingOf({ epoch, segments }: Topology, now: number): Sealing {
  const current = idAt(now);
  const newest = segments.findLast(({ from }) => BigInt(from) <= current);
  return { epoch, boundary: BigInt(newest?.from ?? 0) };
}

/** Which topology it is, whatever the order of its fields in a file. */
export function layoutOf({ epoch, segments, shards }: Topology): Layout {
  const said = segments.map(({ from, overrides, placement, shards: weighted }) => [
    from,
    placement,
    weighted.map(({ label, weight }) => [label, weight]),
    overrides.map((one) => [one.dialog, one.action, one.action === "pin" ? [one.shard] : one.shards]),
  ]);
  return { epoch, fingerprint: hash("sha256", JSON.stringify([shards, said])).slice(0, 16) };
}
