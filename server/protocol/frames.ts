import type { ErrorCode } from "./errors.ts";

/** What one connection may send, the same on every server; told to the client in `welcome`. */
export const LIMITS = {
  /** Frames in one WebSocket message. */
  frames: 256,
  /** Bytes of one WebSocket message (UTF-8). */
  bytes: 524_288,
  /** Characters (UTF-16 code units, as `String.length` counts) of a text; at least 1. */
  text: 4_096,
  /** Characters of a client's own id; at least 1. */
  id: 64,
  /** Messages of one page of history. */
  page: 200,
  /** Bytes of the messages of one page (JSON, UTF-8): one that would have more ends earlier. */
  pageBytes: 262_144,
  /** Frames that may wait for a read, of history or of a first try, the one under way among them; at least 1. */
  reads: 256,
} as const;

/** Bytes that a peer may send before its `hello` has been taken, frames of every kind together. */
export const HELLO_BYTES = 16_384;

/** What a connection has to keep to, as the server is configured. */
export interface Limits extends Readonly<Record<keyof typeof LIMITS, number>> {
  /** The server pings at this interval, ms; 0 is never. A connection of which nothing comes for two pings is ended. */
  readonly pingMs: number;
  /** Frames a second, in bursts of at most so many; 0 is no limit. */
  readonly rate: number;
  /** Connections that one user may have. */
  readonly connections: number;
}

export interface HelloFrame {
  readonly type: "hello";
  readonly token: string;
}

/** To exactly one of a user (`to`) or a group (`group`). `id` is the client message id. */
export interface SendFrame {
  readonly type: "send";
  readonly id: string;
  readonly to?: number;
  readonly group?: number;
  readonly text: string;
  /** The client's own retry of a message whose outcome it does not know. */
  readonly resend?: boolean;
  /** A message id that the client has seen, of whichever server: this message comes after it. */
  readonly after?: string;
  /** W3C Trace Context, version 00: the span that the message belongs to. */
  readonly traceparent?: string;
}

/** A page of the messages before `before` (all when absent), newest page first, ascending inside the page. */
export interface HistoryFrame {
  readonly type: "history";
  readonly id: string;
  readonly with?: number;
  readonly group?: number;
  readonly before?: string;
  readonly limit?: number;
}

export interface PingFrame {
  readonly type: "ping";
  readonly id: string;
}

export type ClientFrame = HelloFrame | SendFrame | HistoryFrame | PingFrame;

export interface WelcomeFrame {
  readonly type: "welcome";
  readonly user: number;
  readonly node: number;
  readonly epoch: number;
  readonly limits: Limits;
}

/** The message is committed. `stages` are milliseconds on the server's own clock. */
export interface AckFrame {
  readonly type: "ack";
  readonly id: string;
  readonly message: string;
  readonly dialog: string;
  readonly shard: string;
  readonly stages: { readonly queue: number; readonly commit: number };
}

/** A stored message on its way to its readers. `client` is the author's own id: drop twins by (from, client). */
export interface MessageFrame {
  readonly type: "message";
  readonly message: string;
  readonly dialog: string;
  readonly shard: string;
  readonly from: number;
  readonly to?: number;
  readonly group?: number;
  readonly client: string;
  readonly text: string;
  /** Present and true when its author sent it again: the reader may have it already. */
  readonly resend?: boolean;
  /** When the author gave one or the server traces this message. */
  readonly traceparent?: string;
}

/** A message as history returns it. */
export type HistoryMessage = Omit<MessageFrame, "type" | "shard" | "resend" | "traceparent">;

export interface HistoryPageFrame {
  readonly type: "history";
  readonly id: string;
  readonly messages: readonly HistoryMessage[];
  /** The smallest message id of the dialog that may still be in flight: below it, complete pages never change. */
  readonly stable: string;
  /** Pass as `before` for the page of older messages; absent on the last page. */
  readonly next?: string;
  /** Labels of shards that did not answer: the page may have holes. */
  readonly partial?: readonly string[];
}

export interface PongFrame {
  readonly type: "pong";
  readonly id: string;
}

export interface ErrorFrame {
  readonly type: "error";
  readonly id?: string;
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly message: string;
}

export type ServerFrame = WelcomeFrame | AckFrame | MessageFrame | HistoryPageFrame | PongFrame | ErrorFrame;
