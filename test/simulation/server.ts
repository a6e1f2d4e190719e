import { createChat, type Chat } from "../../server/chat/chat.ts";
import type { Frame } from "../../server/chat/frame.ts";
import type { Session } from "../../server/chat/session.ts";
import type { Delivery } from "../../server/fabric/contract.ts";
import type { Guard } from "../../server/guard.ts";
import type { Probe } from "../../server/observability/probe.ts";
import { idleMeter } from "../../server/observability/shard-meters.ts";
import { memberShard, patientOf } from "../../server/build-shard.ts";
import type { Topology } from "../../server/placement/contract.ts";
import type { HistoryFrame, SendFrame } from "../../server/protocol/frames.ts";
import { LIMITS } from "../../server/protocol/frames.ts";
import { createShardSet, type ShardSet } from "../../server/shards/shard-set.ts";
import type { ShardStore } from "../../server/shards/contract.ts";
import { createShard, type Shard } from "../../server/shards/shard.ts";
import { parseShardUrl, type MysqlSpec, type ShardSpec } from "../../server/shards/url.ts";
import { createWriter } from "../../server/shards/writer.ts";
import { placedOf } from "../../server/topology/document.ts";
import { createFailover } from "../../server/topology/failover.ts";
import { createFollower, type Follower } from "../../server/topology/follower.ts";
import { createMembership, type Membership } from "../../server/topology/membership.ts";
import { createMover, type Mover } from "../../server/topology/mover/mover.ts";
import { sharedState } from "../../server/topology/mover/shared-state.ts";
import { inspect } from "../../server/topology/newcomer.ts";
import { createOperator, type Operator } from "../../server/topology/operator.ts";
import { writableShards } from "../../server/topology/segment-edits.ts";
import { createViews, type Views } from "../../server/topology/view.ts";
import { createDatabaseStore } from "./database-store.ts";
import type { DatabaseHost } from "./database-host.ts";
import type { Life } from "./life.ts";
import type { Network } from "./network.ts";
import type { Profile } from "./profile.ts";
import type { StateHost } from "./state-host.ts";

/** One process of the server: the modules that `assemble.ts` puts together, apart from sockets, HTTP and metrics. */
export interface Server {
  readonly name: string;
  readonly life: Life;
  readonly chat: Chat;
  readonly shards: ShardSet;
  readonly views: Views;
  readonly follower: Follower;
  readonly membership: Membership;
  readonly operator: Operator;
  readonly mover: Mover;
  /** Takes chat. */
  isOpen(): boolean;
  open(): Promise<void>;
  /** Answers what is under way and gives its grant back. */
  leave(): Promise<void>;
  /** @param send takes what is to go to this client */
  connect(user: number, send: (frame: string) => void, onClose: () => void): Connection;
}

export interface Connection {
  handle(frame: SendFrame | HistoryFrame): void;
  close(): void;
}

export interface ServerParts {
  readonly name: string;
  readonly life: Life;
  readonly network: Network;
  readonly state: StateHost;
  /** By the name of the machine in a shard's URL. */
  readonly host: (name: string) => DatabaseHost;
  /** Of its configuration. */
  readonly topology: Topology;
  readonly fabric: Delivery;
  readonly profile: Profile;
  readonly tell: (text: string) => void;
  readonly trace: (text: () => string) => void;
  /** Nothing that was foreseen. */
  readonly onFault: (error: unknown) => void;
}

/** @returns the URL of the shard that begins with this label */
export function urlOf(label: string): string {
  return `mysql://chat@shard-${label}/chat`;
}

/** @returns the machine that a shard's URL names */
export function machineOf(url: string): string {
  return (parseShardUrl(url) as MysqlSpec).host;
}

const nothing = (): void => {};
const PROBE: Probe = {
  placed: nothing,
  followed: nothing,
  refused: nothing,
  committed: nothing,
  delivered: nothing,
  decoded: nothing,
  answered: nothing,
};
const LIMITED = { ...LIMITS, pingMs: 0, rate: 0, connections: 1_000 };

export function createServer(parts: ServerParts): Server {
  const { fabric, host, life, name, network, onFault, profile, state, tell, topology, trace } = parts;
  const { clock } = life;
  const guard: Guard =
    (_what, run) =>
    (...args) => {
      try {
        run(...args);
      } catch (error) {
        onFault(error);
      }
    };
  const store = state.storeOf(life);
  const told = ({ error, shard, text }: { error?: Error; shard?: string; text: string }): void => {
    tell(`${shard === undefined ? "" : `shard ${shard}: `}${text}${error === undefined ? "" : ` (${error.message})`}`);
  };
  const membership = createMembership({
    store,
    clock,
    guard,
    leaseMs: profile.leaseMs,
    tell: told,
    shards: () => shards.all().map(memberShard),
    sealing: () => follower.sealing(),
    epoch: () => views.current().topology.epoch,
    learn: () => follower.learn(),
    placed: () => follower.standing(),
    onBehind: () => void follower.refresh(),
  });
  const shards = createShardSet(
    topology.shards.map((label) => ({ label, spec: parseShardUrl(urlOf(label)) })),
    { build: buildShard, onAdd: nothing },
  );
  const views = createViews(topology, shards);
  const follower = createFollower({
    store,
    views,
    clock,
    guard,
    tell: told,
    shards: () => shards.all(),
    open: (label, url) => shards.join(label, parseShardUrl(url)),
    leave: (label) => shards.leave(label),
    pass: (boundary) => membership.pass(boundary),
  });
  const failover = createFailover({
    mode: profile.failover,
    deadMs: profile.deadMs,
    wellMs: profile.wellMs,
    patients: () => shards.all().map((shard) => patientOf(shard, membership)),
    writable: () => writableShards(views.current().topology.segments.at(-1)!),
    out: () => views.current().out,
    publish: (next) => follower.publish(next),
    restore: async (label) => void (await mover.bringBack(label)),
    clock,
    guard,
    tell: told,
  });
  const mover = createMover({
    state: sharedState(store, follower),
    shards: () => shards.all(),
    self() {
      const { incarnation, node } = membership.fence();
      return { incarnation, node };
    },
    clock,
    p99Ms: () => null,
    chunkRows: profile.chunkRows,
    chunksPerSave: 2,
  });
  const operator = createOperator({
    read: async () => placedOf(await store.read()),
    publish: (next) => follower.publish(next),
    shards,
    inspect: (spec) => inspect(storeOf(spec)),
    hot: () => [],
    rowsPerS: () => 1,
    sampleKeys: 64,
    now: () => clock.wall(),
  });
  const logger = { debug: nothing, error: ({ err }: { err: unknown }) => onFault(err) };
  const chat = createChat({
    node: () => membership.reading().node,
    limits: LIMITED,
    guard,
    views,
    follower,
    shards,
    ids: membership.ids,
    fabric,
    probe: PROBE,
    logger: logger as never,
    clock,
  });
  let isOpen = false;
  let connections = 0;

  function storeOf(spec: ShardSpec): ShardStore {
    return createDatabaseStore({ name, life, network, host: host((spec as MysqlSpec).host), trace });
  }

  function buildShard(label: string, spec: ShardSpec): Shard {
    const stored = storeOf(spec);
    const writer = createWriter({
      label,
      store: stored,
      clock,
      commitTimeoutMs: profile.commitTimeoutMs,
      fence: () => membership.fence(),
      onConnect: membership.onConnect(label),
      onFenced: (fence) => membership.fenced(label, fence),
      limits: { queueRows: 1_000, queueBytes: 1_000_000, maxRows: 8 },
      onState(is, reason) {
        if (is === "down") membership.absent(label);
        tell(`shard ${label} is ${is}${reason === null ? "" : ` (${reason.message})`}`);
      },
    });
    return createShard({
      label,
      spec,
      store: stored,
      writer,
      meter: idleMeter(),
      outages: { list: () => [] },
      node: () => membership.reading().node,
      size: { last: () => ({ rows: 0, bytes: 0 }), stop: nothing },
    });
  }

  return {
    name,
    life,
    chat,
    shards,
    views,
    follower,
    membership,
    operator,
    mover,
    isOpen: () => isOpen,
    async open() {
      await follower.begin(placedOf(await membership.join({ topology, isFile: false })));
      await shards.open();
      failover.start();
      chat.start();
      isOpen = true;
      tell(`is open as node ${membership.reading().node}`);
    },
    async leave() {
      isOpen = false;
      await chat.stop(5_000);
      mover.stop();
      await failover.stop();
      await follower.stop();
      await Promise.all(shards.all().map((shard) => shard.writer.drain()));
      await membership.leave();
      await shards.close();
    },
    connect(user, send, onClose) {
      let isThere = true;
      const session: Session = {
        id: `${name}-${++connections}`,
        user: null,
        isOpen: () => isThere,
        send(frame: string | Frame, onGone) {
          if (isThere) send(typeof frame === "string" ? frame : frame.text);
          if (onGone !== undefined) clock.soon(onGone);
        },
        ping: nothing,
        refuse: (code, detail, id) => session.send(JSON.stringify({ type: "error", code, detail, id })),
        fail(code, detail, id) {
          session.refuse(code, detail, id);
          isThere = false;
          onClose();
        },
        close: () => onClose(),
        abandon: () => onClose(),
      };
      chat.connect(session);
      chat.welcome(session, user);
      return {
        handle(frame) {
          if (isThere) chat.handle(session, user, frame, { from: clock.now(), to: clock.now() });
        },
        close() {
          isThere = false;
          chat.disconnect(session);
        },
      };
    },
  };
}
