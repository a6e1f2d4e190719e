import type { Random } from "./random.ts";

/** What one simulation is like. */
export interface Profile {
  readonly servers: number;
  readonly shards: number;
  readonly users: number;
  readonly placement: string;
  /** Share of calls that fail, and of packets that are late. */
  readonly faultRate: number;
  readonly slowRate: number;
  readonly leaseMs: number;
  readonly commitTimeoutMs: number;
  /** How long people chat, ms. */
  readonly activeMs: number;
  readonly paceMs: number;
  /** Milliseconds between faults, and between changes of the topology; on average. */
  readonly faultMs: number;
  readonly changeMs: number;
  readonly failover: "off" | "auto";
  readonly deadMs: number;
  readonly wellMs: number;
  /** Rows that a mover reads at a time. */
  readonly chunkRows: number;
}

const PLACEMENTS = ["slots", "rendezvous", "modulo"];

export function drawProfile(random: Random): Profile {
  return {
    servers: random.pick([1, 2, 2, 3]),
    shards: random.pick([2, 2, 3, 4]),
    users: random.pick([2, 3, 4]),
    placement: random.pick(PLACEMENTS),
    faultRate: random.pick([0, 0.002, 0.01, 0.03]),
    slowRate: random.pick([0, 0.01, 0.05]),
    leaseMs: random.pick([1_000, 4_000, 10_000]),
    commitTimeoutMs: random.pick([300, 2_000, 10_000]),
    activeMs: random.pick([3_000, 6_000, 12_000]),
    paceMs: random.pick([60, 150, 400]),
    faultMs: random.pick([300, 1_000, 3_000]),
    changeMs: random.pick([200, 800, 2_500]),
    failover: random.pick(["off", "auto"]),
    deadMs: random.pick([600, 2_000]),
    wellMs: random.pick([300, 2_000]),
    chunkRows: random.pick([2, 5, 20]),
  };
}
