import type { Logger } from "pino";
import { SYSTEM_CLOCK, type WriterClock } from "../clock.ts";
import type { Delivery } from "../fabric/contract.ts";
import type { Guard } from "../guard.ts";
import type { Probe } from "../observability/probe.ts";
import type { ErrorCode } from "../protocol/errors.ts";
import type { HistoryFrame, Limits, PingFrame, SendFrame } from "../protocol/frames.ts";
import type { ShardSet } from "../shards/shard-set.ts";
import type { Follower } from "../topology/follower.ts";
import type { Views } from "../topology/view.ts";
import type { OrderedIds } from "../topology/ids.ts";
import { createDeliver } from "./deliver.ts";
import { readHistory, type HistoryPage } from "./history.ts";
import { createOutbox, type Outbox } from "./outbox.ts";
import { createPresence } from "./presence.ts";
import { createReadQueue } from "./read-queue.ts";
import { createRead } from "./read.ts";
import { createSend, type Fault } from "./send.ts";
import type { Decoded } from "./sending.ts";
import type { Session } from "./session.ts";

export interface ChatParts {
  /** Number of this server; it may get another while it runs. */
  readonly node: () => number;
  /** What a welcome tells. */
  readonly limits: Limits;
  readonly guard: Guard;
  readonly views: Views;
  readonly follower: Pick<Follower, "change" | "refresh" | "seal">;
  readonly shards: ShardSet;
  readonly ids: OrderedIds;
  readonly fabric: Delivery;
  readonly probe: Probe;
  readonly logger: Logger;
  readonly clock?: WriterClock;
}

/** Connections by what they are about to do. */
export interface ConnectionStates {
  readonly greeting: number;
  readonly open: number;
  readonly closing: number;
}

/** What the chat does, apart from sockets and HTTP. */
export interface Chat {
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
  /** @param decoded of the frame */
  handle(session: Session, user: number, frame: SendFrame | HistoryFrame | PingFrame, decoded: Decoded): void;
  history(dialog: string, page: { before?: string; limit?: number }): Promise<HistoryPage>;
  connections(): number;
  /** Those that have not said hello and are not being closed. */
  greeting(): number;
  connectionStates(): ConnectionStates;
  /** One WebSocket message of so many frames was decoded. */
  decoded(decoded: Decoded, frames: number): void;
  /** A fault below the frames: invalid UTF-8, an oversized message. */
  protocolError(error: Error): void;
  /** INTERNAL, and a line in the log. */
  readonly fault: Fault;
  /** It takes frames only while it is running. */
  phase(): "starting" | "running" | "stopping";
  /** The shards are open. */
  start(): void;
  /** Refuses what is new, answers what is queued (at most `drainMs`), tells every client, and closes. */
  stop(drainMs: number): Promise<void>;
}

/** Puts the parts together. The caller owns shards and stores. */
export function createChat(parts: ChatParts): Chat {
  const { clock = SYSTEM_CLOCK, fabric, follower, guard, ids, logger, probe, shards, views } = parts;
  const sessions = new Set<Session>();
  const greeting = new Set<Session>();
  const presence = createPresence();
  const outbox = createOutbox(probe.delivered, guard, clock);
  const reads = createReadQueue();
  const deliver = createDeliver({ fabric, outbox, presence });
  const send = createSend({ deliver, fault, follower, ids, probe, reads, views });
  const read = createRead(reads, history, fault);
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
    return readHistory({ views, follower, fresh: () => ids.stable().toString() }, dialog, page);
  }

  return {
    history,
    fault,
    connections: () => sessions.size,
    greeting: () => greeting.size,
    connectionStates: () => statesOf(sessions),
    phase: () => phase,
    outbox,
    leave,
    answered: probe.answered,
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
        JSON.stringify({
          type: "welcome",
          user,
          node: parts.node(),
          epoch: views.current().topology.epoch,
          limits: parts.limits,
        }),
      );
    },
    handle(session, user, frame, decoded) {
      // Not closed yet: what this connection sent before is still being committed and will be acknowledged.
      if (phase === "stopping") {
        session.refuse("SHUTTING_DOWN", "the server is stopping; reconnect and resend", frame.id);
      } else if (frame.type === "send") send(session, user, frame, decoded);
      else if (frame.type === "ping") session.send(JSON.stringify({ type: "pong", id: frame.id }));
      else if (frame.group !== undefined) session.refuse("NOT_FOUND", `there is no group ${frame.group}`, frame.id);
      else read(session, frame);
    },
    decoded: ({ from, to }, frames) => probe.decoded(from, to, frames),
    protocolError(error) {
      const code = codeOfProtocolError(error);
      probe.answered(code);
      if (code === "INTERNAL") logger.error({ err: error }, "a connection failed");
    },
    start() {
      phase = "running";
    },
    async stop(drainMs) {
      phase = "stopping";
      const drained = Promise.all([reads.idle(), ...shards.all().map((shard) => shard.writer.drain())]);
      const patience = Promise.withResolvers<void>();
      const cancel = clock.after(drainMs, patience.resolve);
      await Promise.race([drained, patience.promise]);
      cancel();
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
