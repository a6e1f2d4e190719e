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
  /** About how long a person waits for an acknowledgment before going on by another connection, ms. */
  readonly patienceMs: number;
  /** Milliseconds between faults, and between changes of the topology; on average. */
  readonly faultMs: number;
  readonly changeMs: number;
  readonly failover: "off" | "auto";
  readonly deadMs: number;
  readonly wellMs: number;
  /** Rows that a mover reads at a time. */
  readonly chunkRows: number;
}

/** Nothing fails; servers stand still now and then. */
const CALM = { faultRate: 0, slowRate: 0, faultMs: 5_000 };
const ROUGH = { faultRate: 0.005, slowRate: 0.01, faultMs: 1_000 };
const SLOW = { faultRate: 0.002, slowRate: 0.15, faultMs: 1_000 };
const BROKEN = { faultRate: 0.03, slowRate: 0.05, faultMs: 300 };
/** Not `time-bucket`: of a message that is sent again it may store two (docs/topology.md). */
export const PLACEMENTS = ["slots", "rendezvous", "modulo"];

export function drawProfile(random: Random): Profile {
  return {
    servers: random.chance(0.1) ? 1 : random.pick([1, 2, 2, 3]),
    shards: random.pick([2, 2, 3, 4]),
    users: random.pick([2, 3, 4]),
    placement: random.pick(PLACEMENTS),
    ...random.pick([CALM, ROUGH, SLOW, BROKEN]),
    leaseMs: random.pick([1_000, 4_000, 10_000]),
    commitTimeoutMs: random.pick([300, 2_000, 10_000]),
    activeMs: random.pick([3_000, 6_000, 12_000]),
    paceMs: random.pick([40, 100, 300]),
    patienceMs: random.pick([150, 1_000, 7_000]),
    changeMs: random.pick([120, 400, 2_000]),
    failover: random.pick(["off", "auto"]),
    deadMs: random.pick([600, 2_000]),
    wellMs: random.pick([300, 2_000]),
    chunkRows: random.pick([2, 5, 20]),
  };
}
