import { SYSTEM_CLOCK } from "../clock.ts";
import type { Guard } from "../guard.ts";
import { createAdmission, type MemberShard, type Sealing } from "./admission.ts";
import type { NodeClock, Tell } from "./event.ts";
import type { Fence, OnConnect } from "../shards/contract.ts";
import { createGrantHolder } from "./grant-holder.ts";
import { createIdentity } from "./identity.ts";
import type { Ids } from "./ids.ts";
import { useLayout, type Layout } from "./state.ts";
import type { StateStore } from "./state-store.ts";

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
  readonly ids: Ids;
  /** Takes the first grant; before the shards are opened. @throws {ConfigError} when the state cannot be used */
  join(): Promise<void>;
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
  readonly sealing: () => Sealing;
  /** The topology that the server is started with; absent: nobody compares it with that of before. */
  readonly layout?: () => Layout;
  readonly guard: Guard;
  readonly tell: Tell;
  /** Length of a grant, ms. Default 10,000. */
  readonly leaseMs?: number;
  readonly clock?: NodeClock;
}

const LEASE_MS = 10_000;
const SYSTEM_NODE_CLOCK: NodeClock = { ...SYSTEM_CLOCK, wall: () => Date.now() };

/** A node's life: it joins, is admitted on each shard, renews and beats, joins anew when it was fenced, and leaves. */
export function createMembership(parts: MembershipParts): Membership {
  const { clock = SYSTEM_NODE_CLOCK, guard, layout, leaseMs = LEASE_MS, sealing, shards, store, tell } = parts;
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
  });
  const admission = createAdmission({
    holder,
    identity,
    shards,
    sealing,
    grants: async () => (await store.read()).grants,
    leaseMs,
    clock,
    tell,
  });

  return {
    ids: holder.ids,
    async join() {
      await holder.join();
      const used = layout?.();
      if (used !== undefined) await store.update((state) => ({ state: useLayout(state, used), result: null }));
      identity.learn(await store.read());
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
