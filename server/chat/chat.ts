import type { Logger } from "pino";
import type { Guard } from "../guard.ts";
import type { MessageLog } from "../observability/message-log.ts";
import type { ConnectionStates } from "../observability/gauges.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { Observer } from "../observability/observer.ts";
import type { Traces } from "../observability/traces.ts";
import type { Topology } from "../placement/contract.ts";
import type { Router } from "../placement/router.ts";
import type { ErrorCode } from "../protocol/errors.ts";
import type { HistoryFrame, Limits, PingFrame, SendFrame } from "../protocol/frames.ts";
import type { HotReply, ShardsReply } from "../protocol/http.ts";
import type { IdClock } from "./clock.ts";
import { readHistory, type HistoryPage } from "./history.ts";
import { createOutbox, type Outbox } from "./outbox.ts";
import type { Presence } from "./presence.ts";
import { createReadQueue } from "./read-queue.ts";
import { createReader } from "./reader.ts";
import { createSender } from "./sender.ts";
import type { Session } from "./session.ts";
import type { Shard } from "../shards/shard.ts";

export interface ChatParts {
  readonly node: number;
  /** What a welcome tells. */
  readonly limits: Limits;
  readonly guard: Guard;
  readonly topology: Topology;
  readonly router: Router;
  readonly shards: readonly Shard[];
  readonly clock: IdClock;
  readonly presence: Presence;
  readonly metrics: Metrics;
  readonly observer: Observer;
  readonly logger: Logger;
  readonly messageLog: MessageLog;
  /** Null when messages are not traced. */
  readonly traces: Traces | null;
}

/** What the chat does, apart from sockets and HTTP. */
export interface Chat {
  readonly shards: readonly Shard[];
  /** Writes for all connections at the end of a turn. */
  readonly outbox: Outbox;
  /** A connection has come; while the server is stopping it is told to go. */
  connect(session: Session): void;
  /** The server closes it: from now on its user is off line, unless another connection is there. */
  leave(session: Session): void;
  /** It is gone. */
  disconnect(session: Session): void;
  /** An error was answered, or ended a connection. */
  answered(code: ErrorCode): void;
  /** A user who has as many connections as are allowed is refused, and this one closed. */
  welcome(session: Session, user: number): void;
  handle(session: Session, user: number, frame: SendFrame | HistoryFrame | PingFrame): void;
  history(dialog: string, page: { before?: string; limit?: number }): Promise<HistoryPage>;
  status(): ShardsReply;
  hot(): HotReply;
  /** Distinct dialogs of the last closed window of ten seconds; null before there is one. */
  distinctDialogs(): number | null;
  connections(): number;
  /** Those that have not said hello and are not being closed. */
  greeting(): number;
  connectionStates(): ConnectionStates;
  /** One WebSocket message of so many frames was decoded, from one moment of `performance.now()` to another. */
  validated(from: number, to: number, frames: number): void;
  /** A fault below the frames: invalid UTF-8, an oversized message. */
  protocolError(error: Error): void;
  /** A frame could not be answered, for no reason that was foreseen: INTERNAL, and a line in the log. */
  fault(session: Session, error: unknown, id?: string): void;
  /** It takes frames only while it is running. */
  phase(): "starting" | "running" | "stopping";
  /** The shards are open. */
  start(): void;
  /** Refuses what is new, answers what is queued (at most `drainMs`), tells every client, and closes. */
  stop(drainMs: number): Promise<void>;
}

/** Puts the parts together. The caller owns shards and stores. */
export function createChat(parts: ChatParts): Chat {
  const { clock, logger, metrics, presence, router, shards, traces } = parts;
  const sessions = new Set<Session>();
  const greeting = new Set<Session>();
  const outbox = createOutbox((messages, seconds) => metrics.stage("deliver", seconds, messages), parts.guard);
  const reads = createReadQueue();
  const send = createSender({ ...parts, outbox, reads, fault });
  const read = createReader(reads, history, fault);
  let phase: ReturnType<Chat["phase"]> = "starting";

  function fault(session: Session, error: unknown, id?: string): void {
    logger.error({ err: error, connection: session.id, frame: id }, "a frame could not be answered");
    session.refuse("INTERNAL", "a fault of the server, logged there", id);
  }

  function leave(session: Session): void {
    greeting.delete(session);
    if (session.user !== null) presence.leave(session.user, session);
  }

  function history(dialog: string, page: { before?: string; limit?: number }): Promise<HistoryPage> {
    const owners = router.shardsOf(dialog).map((index) => shards[index]!);
    return readHistory(owners, dialog, page, clock.peek().toString());
  }

  return {
    shards,
    history,
    fault,
    connections: () => sessions.size,
    greeting: () => greeting.size,
    connectionStates: () => statesOf(sessions),
    phase: () => phase,
    outbox,
    leave,
    answered: metrics.error,
    connect(session) {
      sessions.add(session);
      greeting.add(session);
      if (phase === "stopping") session.fail("SHUTTING_DOWN", "the server is stopping; reconnect");
    },
    disconnect(session) {
      sessions.delete(session);
      logger.debug({ connection: session.id, user: session.user }, "a connection was closed");
      leave(session);
    },
    welcome(session, user) {
      const most = parts.limits.connections;
      if (presence.of(user).size >= most) {
        session.fail("TOO_MANY_CONNECTIONS", `user ${user} has ${most} connections already`);
        return;
      }
      greeting.delete(session);
      session.user = user;
      presence.join(user, session);
      logger.debug({ connection: session.id, user }, "a user said hello");
      session.send(
        JSON.stringify({ type: "welcome", user, node: parts.node, epoch: parts.topology.epoch, limits: parts.limits }),
      );
    },
    handle(session, user, frame) {
      // Not closed yet: what this connection sent before is still being committed and will be acknowledged.
      if (phase === "stopping") {
        session.refuse("SHUTTING_DOWN", "the server is stopping; reconnect and resend", frame.id);
      } else if (frame.type === "send") send(session, user, frame);
      else if (frame.type === "ping") session.send(JSON.stringify({ type: "pong", id: frame.id }));
      else if (frame.group !== undefined) session.refuse("NOT_FOUND", `there is no group ${frame.group}`, frame.id);
      else read(session, frame);
    },
    status: () => ({
      node: parts.node,
      topology: parts.topology,
      recipientsOffline: metrics.recipientsOffline(),
      shards: shards.map((shard) => shard.status()),
    }),
    hot: () => parts.observer.hot(),
    distinctDialogs: () => parts.observer.lastWindow()?.dialogs ?? null,
    validated(from, to, frames) {
      metrics.stage("validate", (to - from) / 1_000, frames);
      traces?.received(from, to);
    },
    protocolError(error) {
      const code = codeOfProtocolError(error);
      metrics.error(code);
      if (code === "INTERNAL") logger.error({ err: error }, "a connection failed");
    },
    start() {
      phase = "running";
    },
    async stop(drainMs) {
      phase = "stopping";
      const drained = Promise.all([reads.idle(), ...shards.map((shard) => shard.writer.drain())]);
      await Promise.race([drained, new Promise((resolve) => setTimeout(resolve, drainMs).unref())]);
      for (const session of sessions) session.fail("SHUTTING_DOWN", "the server is stopping; reconnect");
    },
  };
}

function statesOf(sessions: Iterable<Session>): ConnectionStates {
  const states = { greeting: 0, open: 0, closing: 0 };
  for (const session of sessions)
    states[session.isOpen() ? (session.user === null ? "greeting" : "open") : "closing"]++;
  return states;
}

function codeOfProtocolError(error: Error & { code?: unknown }): ErrorCode {
  if (error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") return "TOO_LARGE";
  return String(error.code).startsWith("WS_ERR_") ? "BAD_FRAME" : "INTERNAL";
}
