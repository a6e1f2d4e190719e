import assert from "node:assert/strict";
import { createMemoryStateStore } from "../../../server/topology/memory-store.ts";
import { createMembership, type Membership } from "../../../server/topology/membership.ts";
import type { NodeClock, TopologyEvent } from "../../../server/topology/event.ts";
import { StateError, type StateStore } from "../../../server/topology/state-store.ts";
import { NO_GUARD } from "../../support/no-guard.ts";
import { virtualClock } from "../../support/virtual-clock.ts";
import { fakeShard, type FakeShard } from "./fake-shard.ts";

/** Wall time when a world begins. */
const START = Date.UTC(2026, 0, 1);

export interface World {
  readonly shards: readonly FakeShard[];
  readonly events: TopologyEvent[];
  /** The state, and whether it can be reached. */
  state: StateStore;
  isStateUp: boolean;
  epoch: number;
  boundary: bigint;
  wall(): number;
  /** Sets the wall clock forward, or back. */
  setWall(byMs: number): void;
  advance(ms: number): Promise<void>;
  turn(): Promise<void>;
  /** A server that joins and opens its shards; its `started` rejects when it cannot. */
  server(options?: ServerOptions): Server;
}

export interface ServerOptions {
  /** Its own state, instead of the world's. */
  readonly state?: StateStore;
  /** How far its clock is from that of the world, ms. */
  readonly aheadMs?: number;
  readonly shards?: readonly FakeShard[];
}

export interface Server {
  readonly membership: Membership;
  readonly started: Promise<void>;
  /** Ids that were stored, in order. */
  readonly acked: bigint[];
  /** Every id that was minted, in order. */
  readonly minted: bigint[];
  readonly isAlive: boolean;
  readonly isPaused: boolean;
  /** Its writers have lost their connections. */
  isLost: boolean;
  /** Mints an id that stays under way, or returns false when it is refused. */
  begin(shard: FakeShard): boolean;
  /** Sends what is under way. */
  flush(): void;
  /** Begins and flushes one message. @returns its id when it was stored */
  send(shard: FakeShard): bigint | null;
  crash(): void;
  /** SIGSTOP. */
  pause(): void;
  resume(): void;
  leave(): Promise<void>;
}

/** Servers, shards and a state in virtual time; the database's clock is the true one. */
export function createWorld(shardCount = 2): World {
  const clock = virtualClock();
  let offset = 0;
  const events: TopologyEvent[] = [];

  const world: World = {
    shards: Array.from({ length: shardCount }, (_, i) => fakeShard(`0${i}`, () => clock.now())),
    events,
    state: createMemoryStateStore(() => world.wall()),
    isStateUp: true,
    epoch: 1,
    boundary: 0n,
    wall: () => START + clock.now() + offset,
    setWall: (byMs) => void (offset += byMs),
    advance: (ms) => clock.advance(ms),
    turn: () => clock.turn(),
    server,
  };

  function reached(own: StateStore | undefined): StateStore {
    const store = () => {
      if (!world.isStateUp) throw new StateError("the state is out of reach");
      return own ?? world.state;
    };
    return {
      name: "the state",
      read: async () => store().read(),
      update: async (change) => store().update(change),
      close: async () => {},
    };
  }

  function server({ aheadMs = 0, shards = world.shards, state }: ServerOptions = {}): Server {
    let isAlive = true;
    let isPaused = false;
    const held: (() => void)[] = [];
    const own: NodeClock = {
      now: () => clock.now(),
      wall: () => world.wall() + aheadMs,
      after: (ms, run) =>
        clock.after(ms, () => {
          if (isPaused) held.push(run);
          else if (isAlive) run();
        }),
    };
    const under: { readonly shard: FakeShard; readonly id: bigint }[] = [];
    const open = new Set<FakeShard>();
    const membership = createMembership({
      store: reached(state),
      clock: own,
      guard: NO_GUARD,
      tell: (event) => isAlive && void events.push(event),
      sealing: () => ({ epoch: world.epoch, boundary: world.boundary }),
      shards: () =>
        shards.map((shard) => ({
          label: shard.label,
          store: shard.store,
          isUp: () => open.has(shard) && shard.isUp && !self.isLost,
          oldestPending: () => under.filter((one) => one.shard === shard).map(({ id }) => id)[0] ?? null,
        })),
    });

    async function connect(shard: FakeShard): Promise<void> {
      if (!shard.isUp) return membership.absent(shard.label);
      await membership.onConnect(shard.label)(shard.session());
      open.add(shard);
    }

    async function start(): Promise<void> {
      await membership.join();
      const done = await Promise.allSettled(shards.map(connect));
      for (const one of done) if (one.status === "rejected") throw one.reason;
    }

    const self: Server = {
      membership,
      started: start(),
      acked: [],
      minted: [],
      get isAlive() {
        return isAlive;
      },
      get isPaused() {
        return isPaused;
      },
      isLost: false,
      begin(shard) {
        const id = membership.ids.next();
        if (id === null) return false;
        assert.ok(id > (self.minted.at(-1) ?? -1n), "ids of a server ascend");
        self.minted.push(id);
        under.push({ shard, id });
        return true;
      },
      flush() {
        for (const { id, shard } of under.splice(0)) {
          const fence = membership.fence();
          if (!shard.isUp) open.delete(shard);
          else if (!open.has(shard)) void connect(shard).catch(() => undefined);
          else if (shard.insert(id, fence) === "stored") self.acked.push(id);
          else membership.fenced(shard.label, fence);
        }
      },
      send(shard) {
        const before = self.acked.length;
        if (self.begin(shard)) self.flush();
        return self.acked.length > before ? self.acked.at(-1)! : null;
      },
      crash() {
        isAlive = false;
        under.length = 0;
      },
      pause: () => void (isPaused = true),
      resume() {
        isPaused = false;
        for (const run of held.splice(0)) if (isAlive) run();
      },
      async leave() {
        self.flush();
        await membership.leave();
        isAlive = false;
      },
    };
    // Whoever does not look at it shall not fail by it.
    self.started.catch(() => undefined);
    return self;
  }

  return world;
}
