import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { HOT_RANKS, type Metrics } from "../observability/metrics.ts";
import type { SpaceSaving } from "../observability/space-saving.ts";
import type { Topology } from "../placement/contract.ts";
import type { Router } from "../placement/router.ts";
import type { ErrorCode } from "../protocol/errors.ts";
import { LIMITS, type HistoryFrame, type PingFrame, type SendFrame } from "../protocol/frames.ts";
import type { HotReply, ShardsReply } from "../protocol/http.ts";
import type { IdClock } from "./clock.ts";
import { readHistory, type HistoryPage } from "./history.ts";
import { createOutbox } from "./outbox.ts";
import type { Presence } from "./presence.ts";
import { createReader } from "./reader.ts";
import { createSender } from "./sender.ts";
import { createSession, type Session } from "./session.ts";
import type { Shard } from "./shard.ts";

export interface ChatParts {
  readonly node: number;
  readonly topology: Topology;
  readonly router: Router;
  readonly shards: readonly Shard[];
  readonly clock: IdClock;
  readonly presence: Presence;
  readonly metrics: Metrics;
  readonly hot: SpaceSaving;
  readonly logger: { error(details: object, message: string): void };
}

/** What the chat does, apart from sockets and HTTP. */
export interface Chat {
  readonly shards: readonly Shard[];
  /** @param stream what is below the WebSocket */
  connect(socket: WebSocket, stream: Duplex): Session;
  disconnect(session: Session): void;
  welcome(session: Session, user: number): void;
  handle(session: Session, user: number, frame: SendFrame | HistoryFrame | PingFrame): void;
  history(dialog: string, page: { before?: string; limit?: number }): Promise<HistoryPage>;
  status(): ShardsReply;
  hot(): HotReply;
  connections(): number;
  /** Decoding of one WebSocket message of so many frames took so many seconds. */
  validated(seconds: number, frames: number): void;
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
  const { clock, logger, metrics, presence, router, shards } = parts;
  const sessions = new Set<Session>();
  const outbox = createOutbox((messages, seconds) => metrics.stage("deliver", seconds, messages));
  const send = createSender({ ...parts, outbox, fault });
  const reader = createReader(history, fault);
  let phase: ReturnType<Chat["phase"]> = "starting";

  function fault(session: Session, error: unknown, id?: string): void {
    logger.error({ err: error }, "a frame could not be answered");
    session.refuse("INTERNAL", "a fault of the server, logged there", id);
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
    phase: () => phase,
    connect(socket, stream) {
      const session = createSession(socket, stream, outbox, metrics.error);
      sessions.add(session);
      if (phase === "stopping") session.fail("SHUTTING_DOWN", "the server is stopping; reconnect");
      return session;
    },
    disconnect(session) {
      sessions.delete(session);
      if (session.user !== null) presence.leave(session.user, session);
    },
    welcome(session, user) {
      session.user = user;
      presence.join(user, session);
      session.send(
        JSON.stringify({ type: "welcome", user, node: parts.node, epoch: parts.topology.epoch, limits: LIMITS }),
      );
    },
    handle(session, user, frame) {
      // Not closed yet: what this connection sent before is still being committed and will be acknowledged.
      if (phase === "stopping") {
        session.refuse("SHUTTING_DOWN", "the server is stopping; reconnect and resend", frame.id);
      } else if (frame.type === "send") send(session, user, frame);
      else if (frame.type === "ping") session.send(JSON.stringify({ type: "pong", id: frame.id }));
      else if (frame.group !== undefined) session.refuse("NOT_FOUND", `there is no group ${frame.group}`, frame.id);
      else reader.read(session, frame);
    },
    status: () => ({
      node: parts.node,
      topology: parts.topology,
      recipientsOffline: metrics.recipientsOffline(),
      shards: shards.map((shard) => shard.status()),
    }),
    hot: () => hotReply(parts),
    validated: (seconds, frames) => metrics.stage("validate", seconds, frames),
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
      const drained = Promise.all([reader.idle(), ...shards.map((shard) => shard.writer.drain())]);
      await Promise.race([drained, new Promise((resolve) => setTimeout(resolve, drainMs).unref())]);
      for (const session of sessions) session.fail("SHUTTING_DOWN", "the server is stopping; reconnect");
    },
  };
}

function hotReply({ hot, router }: ChatParts): HotReply {
  const total = hot.total();
  return {
    messages: total,
    dialogs: hot.top(HOT_RANKS.length).map(({ key, count, error }, index) => ({
      rank: index + 1,
      dialog: key,
      share: count / total,
      error: error / total,
      shards: router.shardsOf(key).map((shard) => router.labels[shard]!),
    })),
  };
}

function codeOfProtocolError(error: Error & { code?: unknown }): ErrorCode {
  if (error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") return "TOO_LARGE";
  return String(error.code).startsWith("WS_ERR_") ? "BAD_FRAME" : "INTERNAL";
}
