import type { Guard } from "../guard.ts";
import { messageTime } from "../placement/message-id.ts";
import { asError, type NodeClock, type Tell } from "./event.ts";
import { createGrantedIds, type OrderedIds } from "./ids.ts";
import { adopt, giveBack, renewGrant, takeGrant, type Grant, type Standing, type State } from "./state.ts";
import { backOffMs, createRepeater } from "./repeater.ts";
import { StateError, type StateStore } from "./state-store.ts";

/** A grant that this node has. */
export interface Held extends Grant {
  /** The incarnation before, of the same node number and by the same state; null when there was none. */
  readonly previous: number | null;
  /** Whether the state was one that no shard knew yet: a new system, or one whose state was lost. */
  readonly fresh: boolean;
}

export interface GrantHolder {
  readonly ids: OrderedIds;
  /** The last grant, whether or not it may be used now. @throws {Error} before the first */
  held(): Held;
  /** False while ids are refused: the grant has ended or is not to be used any more. */
  mayMint(): boolean;
  /** Takes the first grant and keeps it from then on. @throws {StateError} when the state cannot be reached */
  join(): Promise<void>;
  /** Renews at once when what was passed is beyond the grant. When the state cannot be used now, that comes later. */
  reach(): Promise<void>;
  /** The grant of this incarnation is not to be used any more: no id from now on, until there is another grant. */
  lose(incarnation: number, reason: string): void;
  /** The number of this grant is another's: takes another number at once. @throws when the state cannot be used now */
  renumber(held: Held): Promise<void>;
  /** Mints nothing more and gives the grant back. */
  leave(): Promise<void>;
}

export interface GrantHolderParts {
  readonly store: StateStore;
  readonly clock: NodeClock;
  readonly guard: Guard;
  readonly tell: Tell;
  /** Of the system, as far as it is known; asked at each renewal. */
  readonly identity: () => { readonly cluster: string; readonly settled: boolean };
  /** Length of a grant, ms. It is renewed when half is left. */
  readonly leaseMs: number;
  /** There is another grant: its node has to be admitted everywhere, and until then it mints nothing. Never rejects. */
  readonly onJoin: () => Promise<void>;
  readonly onRenewed: () => void;
  /** Of the topology that this node mints by. */
  readonly epoch: () => number;
  /** What this node knows of the topology, for a state that was lost. */
  readonly placed: () => Standing | undefined;
  /** The topology has gone on: ids beyond the grant come when this node has followed. Never rejects. */
  readonly onBehind: () => void;
}

/** Ids that a client may name as seen are at most so far ahead of the clock: a client must not drive it. */
const MOST_AHEAD_LEASES = 6;

/**
 * Keeps one node's grant: takes it, renews it in time, takes another when it is lost. While the state cannot be reached
 * the node mints on until its grant ends; it comes back by itself.
 */
export function createGrantHolder(parts: GrantHolderParts): GrantHolder {
  const { clock, epoch, guard, identity, leaseMs, onBehind, onJoin, onRenewed, placed, store, tell } = parts;
  const granted = createGrantedIds(() => clock.wall());
  /** Numbers that others use whom the state does not know. */
  const avoid = new Set<number>();
  let held: Held | null = null;
  /** Why the grant is not to be used any more. */
  let lost: string | null = null;
  /** Until the node is admitted where it can be. */
  let entering: Promise<void> | null = null;
  let refusing = false;
  let leaving = false;
  /** Who waits for a grant above what was passed. */
  let reaching = 0;
  let joinedAt = 0;
  let quickLosses = 0;
  const keeper = createRepeater({
    what: "the grant of ids",
    clock,
    guard,
    run: () => (lost === null ? renew() : take()),
    pauseMs: () => (lost === null ? leaseMs / 2 : againMs()),
    onChange(error) {
      if (error === null) tell({ level: "info", text: `${store.name} can be used again` });
      else tell({ level: "warn", text: words(store.name), error });
    },
  });

  const known = (): Held => {
    if (held === null) throw new Error("this node has no grant yet");
    return held;
  };

  /** A grant that the state's own clock would not give: this machine's clock is not to be believed. */
  function refuseAhead(now: number): void {
    const aheadMs = clock.wall() - now;
    if (aheadMs <= 2 * leaseMs) return;
    const seconds = Math.round(aheadMs / 1_000);
    throw new StateError(`this machine's clock is ${seconds} s ahead of that of ${store.name}: set it right`);
  }

  async function take(): Promise<void> {
    const old = held;
    const { fresh, ...taken } = await store.update((state: State, now) => {
      refuseAhead(now);
      const used = granted.peek();
      const { cluster, settled } = identity();
      const own = settled ? adopt(state, cluster) : state;
      const rest = old === null ? own : giveBack(own, old, used);
      const above = old === null ? 0n : used;
      const wish = { now, wall: clock.wall(), leaseMs, incarnation: incarnationAt(now), avoid, above };
      const { result, state: next } = takeGrant(rest, wish);
      return { state: next, result: { ...result.grant, previous: result.previous, fresh: !state.settled } };
    });
    // Known even to a node that leaves meanwhile: it gives it back.
    held = { ...taken, fresh: old === null ? fresh : old.fresh };
    if (leaving) return;
    lost = null;
    joinedAt = clock.now();
    granted.pass(BigInt(held.from));
    if (old !== null) tell({ level: "info", text: `this is node ${held.node} now, incarnation ${held.incarnation}` });
    tellAhead(messageTime(BigInt(held.from)) - clock.wall());
    // Not waited for here: a shard may find that another number has to be taken.
    entering = enter(held.incarnation);
  }

  async function enter(incarnation: number): Promise<void> {
    await onJoin();
    if (held?.incarnation !== incarnation || lost !== null) return;
    entering = null;
    if (!leaving) granted.use(held);
  }

  function tellAhead(aheadMs: number): void {
    if (aheadMs <= 2 * leaseMs) return;
    const seconds = Math.round(aheadMs / 1_000);
    const text = `ids are ${seconds} s ahead of the clock, which was set back or was wrong before: they stay in order`;
    tell({ level: "warn", text });
  }

  async function renew(): Promise<void> {
    const own = known();
    const renewed = await store.update((state, now) => {
      refuseAhead(now);
      const mine = { ...identity(), grant: grantOf(own), at: granted.peek(), epoch: epoch(), placed: placed() };
      return renewGrant(state, mine, { now, wall: clock.wall(), leaseMs });
    });
    if (leaving || lost !== null || own !== held) return;
    if (renewed === "behind") return onBehind();
    if (renewed === "taken") {
      lose(own.incarnation, "its node number was given to another server while it was silent");
      return;
    }
    held = { ...own, ...renewed };
    if (entering === null) granted.use(held);
    onRenewed();
  }

  /** Nothing can be minted before the grant is renewed. */
  const isBeyond = (): boolean => held !== null && lost === null && granted.peek() >= BigInt(held.until);

  function lose(incarnation: number, reason: string): void {
    if (held === null || lost !== null || incarnation !== held.incarnation) return;
    lost = reason;
    granted.stop();
    tell({ level: "warn", text: `node ${held.node} may not write any more: ${reason}; it joins anew` });
    quickLosses = clock.now() - joinedAt < leaseMs ? quickLosses + 1 : 0;
    keeper.hurry(againMs());
  }

  /** A node that is lost again and again gives the others time. */
  function againMs(): number {
    return quickLosses === 0 ? 0 : backOffMs(quickLosses - 1);
  }

  function next(): bigint | null {
    const id = granted.next();
    if (id === null) refuse();
    else if (refusing) accept();
    return id;
  }

  function refuse(): void {
    // After a change of the topology the next grant is on its way.
    if (reaching > 0) return;
    if (!refusing && lost === null && entering === null && !leaving) {
      tell({
        level: "error",
        text: `the grant of ids has ended and is not renewed: writes are refused (STALE_TOPOLOGY)`,
      });
    }
    refusing = true;
    keeper.hurry(0);
  }

  function accept(): void {
    refusing = false;
    tell({ level: "info", text: "writes are taken again" });
  }

  return {
    ids: {
      next,
      peek: () => granted.peek(),
      stable: () => granted.stable(),
      pass(boundary) {
        granted.pass(boundary);
        // Beyond the grant: the next one starts there.
        if (held !== null && boundary >= BigInt(held.until)) keeper.hurry(0);
      },
      after(id) {
        if (id < granted.peek()) return true;
        if (messageTime(id) - clock.wall() > MOST_AHEAD_LEASES * leaseMs) return false;
        this.pass(id + 1n);
        return true;
      },
    },
    held: known,
    async reach() {
      reaching += 1;
      try {
        if (isBeyond()) await keeper.now();
        // A renewal that was under way may have begun before what was passed was known.
        if (isBeyond()) await keeper.now();
      } finally {
        reaching -= 1;
      }
    },
    mayMint: () => held !== null && lost === null && entering === null && granted.peek() < BigInt(held.until),
    async join() {
      await take();
      await entering;
      keeper.start(leaseMs / 2);
    },
    lose,
    async renumber(rivalled) {
      // Another shard may have found the same rival.
      if (held?.incarnation !== rivalled.incarnation) return;
      avoid.add(rivalled.node);
      lose(rivalled.incarnation, `another server is node ${rivalled.node} on these shards`);
      await keeper.now();
      if (lost !== null) await keeper.now();
      if (lost !== null) throw new StateError(words(store.name));
    },
    async leave() {
      leaving = true;
      granted.stop();
      await keeper.stop();
      if (held === null) return;
      const own = held;
      try {
        await store.update((state) => ({ state: giveBack(state, own, granted.peek()), result: null }));
      } catch (error) {
        // Then it ends by itself.
        tell({ level: "warn", text: "the grant of ids could not be given back", error: asError(error) });
      }
    },
  };
}

const words = (name: string): string => `${name} cannot be used: this node goes on until its grant of ids ends`;

function grantOf({ from, incarnation, node, until }: Held): Grant {
  return { node, incarnation, from, until };
}

/**
 * Grows with time, so that one that was given by a state which is lost is below it; random at its end, so that two
 * states do not give the same.
 */
function incarnationAt(now: number): number {
  return Math.max(0, Math.floor(now)) * 1_024 + Math.floor(Math.random() * 1_024);
}
