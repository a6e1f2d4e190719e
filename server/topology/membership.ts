import { SYSTEM_CLOCK } from "../clock.ts";
import { ConfigError } from "../config-error.ts";
import type { Guard } from "../guard.ts";
import { createAdmission, type MemberShard, type Sealing } from "./admission.ts";
import type { NodeClock, Tell } from "./event.ts";
import type { Fence, OnConnect } from "../shards/contract.ts";
import { createGrantHolder } from "./grant-holder.ts";
import { createIdentity } from "./identity.ts";
import type { OrderedIds } from "./ids.ts";
import { startTopology } from "./document.ts";
import type { Standing, State } from "./state.ts";
import type { Topology } from "../placement/contract.ts";
import { StateError, type StateStore } from "./state-store.ts";

export type { MemberShard, Sealing } from "./admission.ts";

/** What is known of a node at a moment, for metrics and readiness. */
export interface MembershipReading {
  readonly node: number;
  readonly incarnation: number;
  /** False while writes are refused with STALE_TOPOLOGY. */
  readonly mayMint: boolean;
}

/** One server process among those that share a state and shards. */
export interface Membership {
  readonly ids: OrderedIds;
  /**
   * Takes the first grant, before the shards are opened.
   *
   * @param seed the topology of the configuration; absent: nobody compares it with that of before
   * @returns what the servers of this system share then
   * @throws {ConfigError} when the state cannot be used, or the topology is not to be used with it
   */
  join(seed?: Seed): Promise<State>;
  /** Mints nothing below `boundary` any more; resolves when there is a grant above it, if the state can be reached. */
  pass(boundary: bigint): Promise<void>;
  /** What a batch is sent under, as it is then: a shard refuses ids that were minted under an earlier one. */
  fence(): Fence;
  /** For `open` of that shard's store: no connection is used before the shard's identity, seal and fence are right. */
  onConnect(label: string): OnConnect;
  /** A shard could not be reached: at the first start of a system the others do not wait for its word. */
  absent(label: string): void;
  /** A batch that was sent under this fence was refused for it. */
  fenced(label: string, fence: Fence): void;
  reading(): MembershipReading;
  /** Once the writers are drained, before the stores are closed: gives the grant back. Does not wait for what hangs. */
  leave(): Promise<void>;
}

export interface MembershipParts {
  readonly store: StateStore;
  /** All shards, those that are down too. */
  readonly shards: () => readonly MemberShard[];
  /** By the newest topology that is known. */
  readonly sealing: () => Sealing;
  /** Of the topology that this node writes by. Default: that of `sealing`. */
  readonly epoch?: () => number;
  /** Reads what the newest topology is. */
  readonly learn?: () => Promise<void>;
  /** What this node knows of the topology, for a state that was lost. */
  readonly placed?: () => Standing | undefined;
  /** The topology has gone on, and this node is not there yet. */
  readonly onBehind?: () => void;
  readonly guard: Guard;
  readonly tell: Tell;
  /** Length of a grant, ms. Default 10,000. */
  readonly leaseMs?: number;
  readonly clock?: NodeClock;
}

/** The topology that a server is started with. */
export interface Seed {
  readonly topology: Topology;
  /** It was written by hand, and says what is to hold now. */
  readonly isFile: boolean;
}

const LEASE_MS = 10_000;
const SYSTEM_NODE_CLOCK: NodeClock = { ...SYSTEM_CLOCK, wall: () => Date.now() };

/** A node's life: it joins, is admitted on each shard, renews and beats, joins anew when it was fenced, and leaves. */
export function createMembership(parts: MembershipParts): Membership {
  const { clock = SYSTEM_NODE_CLOCK, guard, leaseMs = LEASE_MS, sealing, shards, store, tell } = parts;
  const {
    epoch = () => sealing().epoch,
    learn = async () => {},
    onBehind = () => {},
    placed = () => undefined,
  } = parts;
  const identity = createIdentity(store, () => shards().map(({ label }) => label), clock);
  const holder = createGrantHolder({
    store,
    clock,
    guard,
    tell,
    leaseMs,
    identity: () => identity.known(),
    onJoin: () => admission.enterAll(),
    onRenewed: () => admission.beat(),
    epoch,
    placed,
    onBehind,
  });
  const admission = createAdmission({
    holder,
    identity,
    shards,
    sealing,
    epoch,
    learn,
    grants: async () => (await store.read()).grants,
    leaseMs,
    clock,
    tell,
  });

  return {
    ids: holder.ids,
    async join(seed) {
      return usable(async () => {
        // Before there is a grant: the next segment of a file may begin where the ids of before end.
        if (seed !== undefined) {
          const start = (state: State): State => startTopology(state, seed.topology, seed.isFile);
          await store.update((state) => ({ state: start(state), result: null }));
        }
        await holder.join();
        // After it: whoever changes the topology from now on begins above this grant.
        const state = await store.read();
        identity.learn(state);
        return state;
      });
    },
    async pass(boundary) {
      holder.ids.pass(boundary);
      await holder.reach();
    },
    fence: () => admission.fence(),
    onConnect: (label) => admission.onConnect(label),
    absent: (label) => identity.absent(label),
    fenced: (label, fence) => admission.fenced(label, fence),
    reading() {
      const { incarnation, node } = holder.held();
      return { node, incarnation, mayMint: holder.mayMint() };
    },
    async leave() {
      await admission.farewell();
      await holder.leave();
    },
  };
}

async function usable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    throw new ConfigError("STATE_UNUSABLE", `${error.message}; ${error.remedy}`);
  }
}
