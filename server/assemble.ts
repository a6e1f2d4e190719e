import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { createApp } from "./app.ts";
import { SYSTEM_CLOCK } from "./clock.ts";
import { placedOf } from "./topology/document.ts";
import { createChat, type Chat } from "./chat/chat.ts";
import type { Config } from "./config.ts";
import { SYSTEM_EDGE_CLOCK, type EdgeClock } from "./edge/edge-clock.ts";
import { createWatch } from "./edge/watch.ts";
import type { Delivery } from "./fabric/contract.ts";
import { createHub } from "./fabric/in-process.ts";
import { createGuard } from "./guard.ts";
import { joinProbes } from "./observability/join-probes.ts";
import type { Log } from "./observability/log.ts";
import { createMessageLog } from "./observability/message-log.ts";
import { createMetrics } from "./observability/metrics.ts";
import { createObserver, idleObserver } from "./observability/observer.ts";
import type { PushCounts } from "./observability/push-link.ts";
import { measureRuntime } from "./observability/runtime-metrics.ts";
import type { Traces } from "./observability/traces.ts";
import { LIMITS } from "./protocol/frames.ts";
import { createCommitTimes } from "./shards/commit-times.ts";
import { createStore } from "./shards/open-store.ts";
import { createShardSet, type ShardSet } from "./shards/shard-set.ts";
import { parseShardUrl } from "./shards/url.ts";
import { createFileStateStore } from "./topology/file-store.ts";
import { createChangeLog } from "./topology/change-log.ts";
import { createFailover } from "./topology/failover.ts";
import { createRelief } from "./topology/relief.ts";
import { hotThreshold, isHot } from "./observability/hot-threshold.ts";
import { buildOperations } from "./build-operations.ts";
import { buildShard, guardedMeter, memberShard, patientOf } from "./build-shard.ts";
import { createFollower, type Follower } from "./topology/follower.ts";
import type { Tell } from "./topology/event.ts";
import { createMembership } from "./topology/membership.ts";
import { writableShards } from "./topology/segment-edits.ts";
import type { StateStore } from "./topology/state-store.ts";
import { createViews, type Views } from "./topology/view.ts";

/** What another owner than the configuration may give. */
export interface Given {
  /** Another store than the one that the shard's URL names, for benchmarks and tests. */
  readonly storeOf?: typeof createStore;
  /** What became of the log lines. */
  readonly log?: Pick<Log, "lines" | "lost">;
  readonly traces?: Traces | null;
  /** Time of connections, for tests. */
  readonly clock?: EdgeClock;
  /** What connects this node to others; alone by default. */
  readonly fabric?: Delivery;
  /** Where the state is kept that gives out message ids; by default a file in the data folder. */
  readonly state?: StateStore;
  /** Length of a grant of message ids, ms; for tests. */
  readonly leaseMs?: number;
}

/** A whole server that does not listen yet. */
export interface Assembled {
  readonly app: FastifyInstance;
  readonly chat: Chat;
  readonly shards: ShardSet;
  readonly views: Views;
  readonly follower: Follower;
  /**
   * Opens the shards, then takes chat; a shard that cannot be reached is down and comes back by itself.
   * @throws {ConfigError} for shards that waiting would not mend, all of them at once
   */
  open(): Promise<void>;
  close(): Promise<void>;
}

const NOTHING_PUSHED: PushCounts = { accepted: 0, dropped: 0 };

/** Builds every part from the configuration; opens and listens nowhere. */
export async function assemble(
  config: Config,
  logger: Logger,
  { storeOf = createStore, log, traces = null, clock: given = SYSTEM_EDGE_CLOCK, fabric, state, leaseMs }: Given = {},
): Promise<Assembled> {
  const guard = createGuard((what, error) => {
    logger.error({ err: error, what }, "a side channel failed; the chat goes on");
    metrics.error("INTERNAL");
  });
  const metrics = createMetrics(
    { shards: config.specs.length, isTraced: traces !== null, observe: config.observe },
    {
      connectionStates: () => chat.connectionStates(),
      epoch: () => views.current().topology.epoch,
      segments: () => views.current().topology.segments.length,
      logLines: () => log?.lines() ?? NOTHING_PUSHED,
      linesLost: () => log?.lost() ?? 0,
      traces: () => traces?.counts() ?? NOTHING_PUSHED,
      liveStreams: () => app.liveStreams(),
      move: () => mover.reading(),
      hotShares: () => observer.hot().dialogs.map((dialog) => dialog.share),
    },
  );
  let joined = false;
  const commitTimes = createCommitTimes(() => clock.now());
  const tell: Tell = ({ error, level, shard, text }) =>
    logger[level]({ ...(shard && { shard }), ...(error && { err: error }) }, text);
  const store = state ?? createFileStateStore(join(config.data, "state.json"));
  const membership = createMembership({
    store,
    shards: () => shards.all().map(memberShard),
    sealing: () => follower.sealing(),
    epoch: () => views.current().topology.epoch,
    learn: () => follower.learn(),
    placed: () => follower.standing(),
    // Who watches the state tells why it could not be followed.
    onBehind: () => void follower.refresh().catch(() => undefined),
    guard,
    ...(leaseMs !== undefined && { leaseMs }),
    tell,
  });
  const shards = createShardSet(
    config.specs.map((spec, index) => ({ label: config.layout.shards[index]!, spec })),
    {
      build: (label, spec) => buildShard({ commitTimes, config, guard, logger, membership, storeOf }, label, spec),
      onAdd(shard) {
        shard.meter = guardedMeter(
          guard,
          metrics.meters.add(shard.label, () => {
            if (shards.get(shard.label) !== shard) return null;
            const view = views.current();
            return { ...shard.reading(), writable: writable().includes(shard.label), out: !view.shows(shard) };
          }),
        );
      },
    },
  );
  const views = createViews(config.layout, shards);
  const clock = { ...SYSTEM_CLOCK, wall: () => Date.now() };
  const changes = createChangeLog({ clock, tell, onChange: guard("metrics", metrics.changed) });
  const follower = createFollower({
    changes,
    onFollowed: guard("metrics", metrics.followed),
    store,
    views,
    shards: () => shards.all(),
    open: (label, url) => shards.join(label, parseShardUrl(url)),
    leave: (label) => shards.leave(label),
    pass: (boundary) => membership.pass(boundary),
    clock,
    guard,
    tell,
  });
  const writable = (): string[] => writableShards(views.current().topology.segments.at(-1)!);
  const failover = createFailover({
    mode: config.failover,
    deadMs: config.deadMs,
    wellMs: config.wellMs,
    patients: () => shards.all().map((shard) => patientOf(shard, membership)),
    writable,
    out: () => views.current().out,
    publish: (next) => follower.publish(next),
    restore: async (label) => void (await mover.bringBack(label)),
    clock,
    guard,
    tell,
  });
  const observer = config.observe
    ? createObserver({
        exposition: metrics.exposition,
        logger,
        guard,
        onWindow(skew, dialogs) {
          changes.window(skew);
          void relief.window({ ...skew, dialogs });
        },
        writable,
        ownersOf: (dialog) =>
          views
            .current()
            .ownersOf(dialog)
            .map(({ label }) => label),
      })
    : idleObserver();
  const stopRuntime = config.observe ? measureRuntime(metrics.exposition, guard) : () => {};
  const chat = createChat({
    node: () => membership.reading().node,
    limits: { ...LIMITS, pingMs: config.pingMs, rate: config.rateLimit, connections: config.userConnections },
    guard,
    views,
    follower,
    shards,
    ids: membership.ids,
    fabric: fabric ?? createHub(guard).join(),
    // Traces first: exemplars and log lines name them.
    probe: joinProbes(guard, {
      traces: traces?.probe ?? {},
      metrics: metrics.probe,
      "log lines of messages": createMessageLog(logger),
      "traffic windows": observer.probe,
    }),
    logger,
  });
  const watch = createWatch({
    node: () => (joined ? membership.reading() : null),
    shards,
    views,
    changes,
    mover: () => mover,
    work: () => follower.standing()?.work ?? null,
    metrics,
    observer,
  });
  const edgeClock = { ...given, after: (ms: number, run: () => void) => given.after(ms, guard("connections", run)) };
  const operations = { changes, clock, commitTimes, follower, membership, observer, shards, store, storeOf, tell };
  const { mover, operator, rebalancer } = buildOperations(operations);
  const relief = createRelief({
    mode: config.hot,
    isHot: (dialog) => isHot(hotThreshold(writable().length))(dialog),
    newest: () => views.current().topology.segments.at(-1)!,
    change: (body) => operator.change(body),
    tell,
  });
  const app = await createApp(config, { chat, watch, operator, rebalancer }, metrics, logger, edgeClock, guard);
  return {
    app,
    chat,
    shards,
    views,
    follower,
    async open() {
      const seed = { topology: config.layout, isFile: config.topology !== undefined };
      await follower.begin(placedOf(await membership.join(seed)));
      joined = true;
      await shards.open();
      failover.start();
      chat.start();
    },
    async close() {
      await app.close();
      await rebalancer.close();
      observer.stop();
      stopRuntime();
      mover.stop();
      await failover.stop();
      await follower.stop();
      await Promise.all(shards.all().map((shard) => shard.writer.drain()));
      await membership.leave();
      await shards.close();
      await store.close();
    },
  };
}
