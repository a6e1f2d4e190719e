import { hash } from "node:crypto";
import { ConfigError } from "../config-error.ts";
import type { Topology } from "../placement/contract.ts";
import { validateTopology } from "../placement/topology.ts";
import { later, unusedOf, type State } from "./state.ts";

/** The next topology, and what goes with it. */
export interface Next {
  readonly topology: Topology;
  readonly urls?: State["urls"];
  readonly out?: State["out"];
  readonly work?: State["work"];
}

/**
 * Puts the next topology in the place of the newest.
 *
 * @param next takes the state and the id from which on nobody has been granted one: there a new segment begins
 * @throws {Error} when the epoch does not follow; whatever `next` throws
 */
export function replaceTopology(state: State, next: (state: Placed, boundary: bigint) => Next): State {
  const placed = placedOf(state);
  const boundary = later(unusedOf(state), BigInt(placed.topology.segments.at(-1)!.from) + 1n);
  const made = next(placed, boundary);
  const topology = validateTopology(made.topology);
  if (topology.epoch <= placed.topology.epoch) {
    throw new Error(`epoch ${topology.epoch} does not follow epoch ${placed.topology.epoch}`);
  }
  return {
    ...state,
    ...made,
    topology,
    fingerprint: fingerprintOf(topology),
    nextLabel: nextLabelOf(state, [...placed.topology.shards, ...topology.shards]),
    closedBelow: later(BigInt(state.closedBelow ?? 0), BigInt(topology.segments.at(-1)!.from)).toString(),
  };
}

/** @returns the number of the next label: above every one that there was */
export function nextLabelOf({ nextLabel = 0 }: Pick<State, "nextLabel">, labels: readonly string[]): number {
  return labels.reduce((next, label) => Math.max(next, Number(label) + 1), nextLabel);
}

/** A state that has its topology. */
export type Placed = State & { readonly topology: Topology };

/** @throws {Error} before a server has started */
export function placedOf(state: State): Placed {
  if (state.topology === undefined) throw new Error("the state has no topology yet");
  return state as Placed;
}

/**
 * The state of a system in which a server starts with this topology.
 *
 * The first one ever becomes the system's; later the state's holds, which may have gone on. A file may bring the next
 * one.
 *
 * @param seed of the configuration
 * @param isFile it was written by hand: it says what is to hold now, not only how a new system begins
 * @throws {ConfigError} OLD_TOPOLOGY for a file below the newest epoch; OTHER_TOPOLOGY for another topology than that
 *   of the same epoch; ORPHANS for one that puts elsewhere what may be stored already
 */
export function startTopology(state: State, seed: Topology, isFile: boolean): Placed {
  const { topology } = state;
  if (topology === undefined) return { ...state, topology: seed, fingerprint: fingerprintOf(seed) };
  const placed = placedOf(state);
  if (seed.epoch < topology.epoch) {
    if (!isFile) return placed;
    const text =
      `epoch ${topology.epoch} of the topology was used with this data, and this is epoch ${seed.epoch}: ` +
      "start with the newer one, or without a file: the state has it";
    throw new ConfigError("OLD_TOPOLOGY", text);
  }
  if (seed.epoch === topology.epoch) {
    if (fingerprintOf(seed) === fingerprintOf(topology)) return placed;
    const text =
      `other shards or another placement were used with this data under epoch ${topology.epoch} of the topology, ` +
      "and what is stored would not be found: " +
      "start with those, and change them while a server runs by `hotshard shards`; or give --data and --shards that are new";
    throw new ConfigError("OTHER_TOPOLOGY", text);
  }
  refuseOrphans(topology, seed, unusedOf(state));
  return { ...placed, topology: seed, fingerprint: fingerprintOf(seed) };
}

/** @param unused ids from here on have not been given to anybody */
function refuseOrphans(before: Topology, after: Topology, unused: bigint): void {
  const kept = before.segments.every((segment, index) => same(segment, after.segments[index]));
  const first = after.segments[before.segments.length];
  if (kept && (first === undefined || BigInt(first.from) >= unused)) return;
  const text =
    `epoch ${after.epoch} of the topology places messages elsewhere that may be stored already under epoch ` +
    `${before.epoch}: keep its segments as they are, and let the next one begin at ${unused} or later; or change it ` +
    "while a server runs, by `hotshard shards`";
  throw new ConfigError("ORPHANS", text);
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Which topology it is, whatever the order of its fields in a file: 16 hexadecimal digits. */
export function fingerprintOf({ epoch, segments, shards }: Topology): string {
  const said = segments.map(({ from, overrides, placement, shards: weighted }) => [
    from,
    placement,
    weighted.map(({ label, weight }) => [label, weight]),
    overrides.map((one) => [one.dialog, one.action, one.action === "pin" ? [one.shard] : one.shards]),
  ]);
  return hash("sha256", JSON.stringify([epoch, shards, said])).slice(0, 16);
}
