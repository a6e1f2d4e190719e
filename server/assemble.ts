import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { createApp } from "./app.ts";
import { createChat, type Chat } from "./chat/chat.ts";
import { createIdClock, type IdClock } from "./chat/clock.ts";
import { createOutageLog } from "./chat/outage-log.ts";
import { createPresence } from "./chat/presence.ts";
import { createShard, type Shard } from "./chat/shard.ts";
import type { Config } from "./config.ts";
import { SYSTEM_EDGE_CLOCK, type EdgeClock } from "./edge-clock.ts";
import type { Log } from "./observability/log.ts";
import type { PushCounts } from "./observability/push-link.ts";
import { measureRuntime } from "./observability/runtime-metrics.ts";
import type { Traces } from "./observability/traces.ts";
import { createMessageLog } from "./observability/message-log.ts";
import { createMetrics, type Metrics } from "./observability/metrics.ts";
import { createObserver } from "./observability/observer.ts";
import { idleObserver, unobserved } from "./observability/unobserved.ts";
import { ConfigError } from "./placement/contract.ts";
import { compileTopology } from "./placement/router.ts";
import { LIMITS } from "./protocol/frames.ts";
import { createStore } from "./storage/open-store.ts";
import { createWriter } from "./storage/writer.ts";

/** What another owner than the configuration may give. */
export interface Given {
  /** Another store than the one that the shard's URL names, for benchmarks and tests. */
  readonly storeOf?: typeof createStore;
  /** What became of the log lines. */
  readonly log?: Pick<Log, "lines" | "lost">;
  readonly traces?: Traces | null;
  /** Time of connections, for tests. */
  readonly clock?: EdgeClock;
}

/** A whole server that does not listen yet. */
export interface Assembled {
  readonly app: FastifyInstance;
  readonly chat: Chat;
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
  { storeOf = createStore, log, traces = null, clock: edgeClock = SYSTEM_EDGE_CLOCK }: Given = {},
): Promise<Assembled> {
  const topology = config.layout;
  const router = compileTopology(topology);
  const clock = createIdClock(config.node);
  const measured = createMetrics(topology.shards, {
    shard: (index) => shards[index]!.reading(),
    connectionStates: () => chat.connectionStates(),
    epoch: () => topology.epoch,
    logLines: () => log?.lines() ?? NOTHING_PUSHED,
    linesLost: () => log?.lost() ?? 0,
    traces: () => traces?.counts() ?? NOTHING_PUSHED,
    liveStreams: () => app.liveStreams(),
    hotShares: () => observer.hot().dialogs.map((dialog) => dialog.share),
  });
  const metrics = config.observe ? measured : unobserved(measured);
  const observer = config.observe
    ? createObserver({ router, exposition: measured.exposition, logger })
    : idleObserver();
  const stopRuntime = config.observe ? measureRuntime(measured.exposition) : () => {};
  const shards: readonly Shard[] = config.specs.map((_spec, index) =>
    buildShard(config, index, storeOf, metrics, logger, clock),
  );
  const presence = createPresence();
  const messageLog = createMessageLog(logger);
  const chat = createChat({
    node: config.node,
    limits: {
      ...LIMITS,
      pingMs: config.pingMs,
      rate: config.rateLimit,
      connections: config.userConnections,
    },
    patience: config,
    edgeClock,
    topology,
    router,
    shards,
    clock,
    presence,
    metrics,
    observer,
    logger,
    messageLog,
    traces,
  });
  const app = await createApp(config, chat, metrics, logger, edgeClock);
  return {
    app,
    chat,
    async open() {
      const starts = await Promise.allSettled(shards.map((shard) => shard.writer.start()));
      rejectFailed(starts.flatMap((start) => (start.status === "rejected" ? [start.reason] : [])));
      chat.start();
    },
    async close() {
      await app.close();
      observer.stop();
      stopRuntime();
      await Promise.all(shards.map((shard) => shard.close()));
    },
  };
}

function rejectFailed(failures: readonly unknown[]): void {
  if (failures.length === 0) return;
  const other = failures.find((failure) => !(failure instanceof ConfigError));
  if (other !== undefined) throw other;
  const config = failures.filter((failure) => failure instanceof ConfigError);
  throw new ConfigError(config[0]!.code, config.map((failure) => failure.message).join("; "));
}

function buildShard(
  config: Config,
  index: number,
  storeOf: typeof createStore,
  metrics: Metrics,
  logger: Logger,
  clock: IdClock,
): Shard {
  const label = config.layout.shards[index]!;
  const spec = config.specs[index]!;
  const store = storeOf(spec, { onWait: (seconds) => metrics.poolWait(index, seconds) });
  const outages = createOutageLog();
  const writer = createWriter({
    label,
    store,
    limits: { queueRows: config.queueRows, queueBytes: config.queueBytes, maxRows: config.groupRows },
    onCommit({ rows, untried, duplicates, refused, reason, seconds, ok, ...report }) {
      // With traces on, an exemplar leads to one: it is set when a traced message is acknowledged.
      const example = config.tracesUrl === undefined ? report.example : undefined;
      metrics.operation(index, "insert", seconds, ok, example);
      metrics.busy(index, seconds);
      if (ok) {
        metrics.batch(index, rows);
        metrics.stage("commit", seconds, rows, example);
        metrics.messages(index, "stored", rows - duplicates - refused);
        metrics.messages(index, "duplicate", duplicates);
        metrics.messages(index, "refused", refused);
        if (reason !== undefined) {
          logger.warn({ shard: label, rows: refused, reason }, `shard ${label}: its database refuses messages`);
        }
      } else metrics.messages(index, "failed", rows + untried);
    },
    // A message id is never minted twice, even if the wall clock was set back while the server was down.
    onLastId: (id) => clock.observe(id),
    onState(state, reason) {
      outages.note(state, reason);
      if (state === "up") {
        logger.info({ shard: label }, `shard ${label} is up`);
      } else logger.error({ shard: label, err: reason }, `shard ${label} is down`);
    },
  });
  return createShard(index, label, spec, store, writer, metrics, outages);
}
