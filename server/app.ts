import { randomBytes } from "node:crypto";
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from "fastify";
import { auth } from "./edge/http/auth.ts";
import type { Chat } from "./chat/chat.ts";
import type { Watch } from "./edge/watch.ts";
import { socketRoute } from "./edge/ws/socket.ts";
import type { Config } from "./config.ts";
import type { EdgeClock } from "./edge/edge-clock.ts";
import type { Guard } from "./guard.ts";
import { livePage } from "./edge/live/live.ts";
import type { Metrics } from "./observability/metrics.ts";
import { adminRoutes } from "./edge/http/admin.ts";
import { answerUnparsed, apiErrors } from "./edge/http/api-error.ts";
import { browserGuard } from "./edge/http/browser-guard.ts";
import { dialogRoutes } from "./edge/http/dialogs.ts";
import { healthRoutes } from "./edge/http/health.ts";
import { metricsRoute } from "./edge/http/metrics.ts";
import { shardRoutes } from "./edge/http/shards.ts";
import type { Operator } from "./topology/operator.ts";
import type { Rebalancer } from "./topology/rebalancer.ts";
import { targetRoutes } from "./edge/http/targets.ts";

/** Fastify's own words are wanted from this level on: the process says itself where it listens. */
const RESERVED = new Set(["silent", "fatal", "error"]);

/** The kernel asks a silent peer after a minute whether it is there. */
const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelay: 60_000 };

/** A request that takes longer to arrive is given up, ms. */
const REQUEST_MS = 30_000;

/** The Fastify app over a chat that exists already; it listens nowhere and installs no signal handlers. */
export async function createApp(
  config: Pick<
    Config,
    | "connections"
    | "credentials"
    | "dev"
    | "greetings"
    | "helloMs"
    | "originList"
    | "pingMs"
    | "rateLimit"
    | "secret"
    | "secretIsPublic"
    | "unreadBytes"
    | "unreadMs"
  >,
  { chat, operator, rebalancer, watch }: { chat: Chat; operator: Operator; rebalancer: Rebalancer; watch: Watch },
  metrics: Metrics,
  logger: FastifyBaseLogger,
  clock: EdgeClock,
  guard: Guard,
): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: logger.child({}, { level: RESERVED.has(logger.level) ? logger.level : "warn" }),
    genReqId: requestIds(),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "request" }),
    forceCloseConnections: true,
    requestTimeout: REQUEST_MS,
    // For what gets no pings: scrapers, and those who look at the live page.
    ...(config.credentials === null ? { http: KEEP_ALIVE } : { https: { ...KEEP_ALIVE, ...config.credentials } }),
    frameworkErrors: answerUnparsed(metrics.error),
  });
  await app.register(apiErrors, { onError: metrics.error });
  await app.register(browserGuard, config);
  await app.register(auth, { secret: config.secret });
  await app.register(socketRoute, { ...config, patience: config, chat, clock });
  await app.register(healthRoutes, { chat, ...watch });
  await app.register(metricsRoute, { metrics });
  await app.register(dialogRoutes, { chat });
  await app.register(adminRoutes, watch);
  await app.register(shardRoutes, { operator, rebalancer });
  await app.register(targetRoutes, { ...config, ...watch });
  await app.register(livePage, {
    sources: { ...watch, connections: () => chat.connections(), meter: (label) => watch.shards.get(label)!.meter },
    open: config.dev || config.secretIsPublic,
    onSlow: () => metrics.error("SLOW_READER"),
    guard,
  });
  return app;
}

/** Unlike from one start to the next, so that log lines of two processes do not mix; a client has no say in them. */
function requestIds(): () => string {
  const process = randomBytes(4).toString("hex");
  let count = 0;
  return () => `${process}-${(++count).toString(36)}`;
}
