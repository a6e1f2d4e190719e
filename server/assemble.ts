import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { createApp } from "./app.ts";
import { createChat, type Chat } from "./chat/chat.ts";
import { createIdClock, type IdClock } from "./chat/clock.ts";
import { createOutageLog } from "./shards/outage-log.ts";
import { createPresence } from "./chat/presence.ts";
import { createShard, type Shard } from "./shards/shard.ts";
import type { Config } from "./config.ts";
import { SYSTEM_EDGE_CLOCK, type EdgeClock } from "./edge/edge-clock.ts";
import type { Log } from "./observability/log.ts";
import type { PushCounts } from "./observability/push-link.ts";
import { measureRuntime } from "./observability/runtime-metrics.ts";
import type { Traces } from "./observability/traces.ts";
import { createMessageLog } from "./observability/message-log.ts";
import { createMetrics, type Metrics } from "./observability/metrics.ts";
import { createObserver } from "./observability/observer.ts";
import { idleObserver, unobserved } from "./observability/unobserved.ts";
import { createGuard, guardEach, type Guard } from "./guard.ts";
import { ConfigError } from "./config-error.ts";
import { compileTopology } from "./placement/router.ts";
import { LIMITS } from "./protocol/frames.ts";
import { createStore } from "./shards/open-store.ts";
import { createWriter } from "./shards/writer.ts";

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

/** What the way of a message calls. */
const COUNTING = [
  "messages",
  "resend",
  "operation",
  "batch",
  "busy",
  "poolWait",
  "textBytes",
  "stage",
  "traced",
  "delivered",
  "error",
] as const satisfies readonly (keyof Metrics)[];

const NOTHING_PUSHED: PushCounts = { accepted: 0, dropped: 0 };

/** Builds every part from the configuration; opens and listens nowhere. */
export async function assemble(
  config: Config,
  logger: Logger,
  { storeOf = createStore, log, traces = null, clock: given = SYSTEM_EDGE_CLOCK }: Given = {},
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
  const guard = createGuard((what, error) => {
    logger.error({ err: error, what }, "a side channel failed; the chat goes on");
    measured.error("INTERNAL");
  });
  const metrics = guardEach(guard, "metrics", config.observe ? measured : unobserved(measured), COUNTING);
  const edgeClock = { ...given, after: (ms: number, run: () => void) => given.after(ms, guard("connections", run)) };
  const observer = config.observe
    ? createObserver({ router, exposition: measured.exposition, logger, guard })
    : idleObserver();
  const stopRuntime = config.observe ? measureRuntime(measured.exposition, guard) : () => {};
  const shards: readonly Shard[] = config.specs.map((_spec, index) =>
    buildShard(config, index, storeOf, metrics, logger, guard, clock),
  );
  const presence = createPresence();
  const messageLog = guardEach(guard, "log lines of messages", createMessageLog(logger), ["write"]);
  const chat = createChat({
    node: config.node,
    limits: {
      ...LIMITS,
      pingMs: config.pingMs,
      rate: config.rateLimit,
      connections: config.userConnections,
    },
    guard,
    topology,
    router,
    shards,
    clock,
    presence,
    metrics,
    observer,
    logger,
    messageLog,
    traces: traces === null ? null : guardedTraces(guard, traces),
  });
  const app = await createApp(config, chat, metrics, logger, edgeClock, guard);
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

function guardedTraces(guard: Guard, traces: Traces): Traces {
  const methods = ["placed", "committed", "delivered", "end"] as const;
  return {
    ...guardEach(guard, "traces", traces, ["received"]),
    begin(connection, traceparent) {
      let trace: ReturnType<Traces["begin"]> = null;
      guard("traces", () => {
        trace = traces.begin(connection, traceparent);
      })();
      return trace === null ? null : guardEach(guard, "traces", trace, methods);
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
  guard: Guard,
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
      metrics.messages(index, "refused", refused + untried);
      if (ok) {
        metrics.busy(index, seconds);
        metrics.batch(index, rows);
        metrics.stage("commit", seconds, rows, example);
        metrics.messages(index, "stored", rows - duplicates - refused);
        metrics.messages(index, "duplicate", duplicates);
        if (reason !== undefined) {
          logger.warn({ shard: label, rows: refused, reason }, `shard ${label}: its database refuses messages`);
        }
      } else metrics.messages(index, "failed", rows - refused);
    },
    // A message id is never minted twice, even if the wall clock was set back while the server was down.
    onLastId: (id) => clock.observe(id),
    onState: guard("states of shards", (state: "up" | "down", reason: Error | null) => {
      outages.note(state, reason);
      if (state === "up") {
        logger.info({ shard: label }, `shard ${label} is up`);
      } else logger.error({ shard: label, err: reason }, `shard ${label} is down`);
    }),
  });
  return createShard(index, label, spec, store, writer, metrics, outages);
}
