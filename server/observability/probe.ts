import type { ErrorCode } from "../protocol/errors.ts";

/** What a commit of one shard's writer was. */
export interface CommitReport {
  readonly rows: number;
  /** Of these, stored before under another id; 0 when the commit failed. */
  readonly duplicates: number;
  /** Of these, certainly not stored. The others of a failed commit may be. */
  readonly refused: number;
  /** What the database said of one of the refused rows. */
  readonly reason?: string;
  /** Rows that waited behind a failed commit: certainly not stored. */
  readonly untried: number;
  readonly seconds: number;
  readonly ok: boolean;
  /** One of its rows. */
  readonly example: Example;
}

/** Names the message that an exemplar shows. */
export interface Example {
  readonly dialog: string;
  readonly id: string;
  readonly connection?: string;
  readonly traceId?: string;
}

/** One shard as a scrape sees it. */
export interface ShardReading {
  readonly up: boolean;
  /** Open connections to its database. */
  readonly connections: number;
  readonly queueRows: number;
  readonly queueBytes: number;
  /** Age of the oldest message that is not answered yet, ms; 0 when there is none. */
  readonly queueAgeMs: number;
  readonly storedRows: number;
  readonly storedBytes: number;
}

/** One shard as a scrape sees it, with what the topology says of it. */
export interface PlacedReading extends ShardReading {
  /** New messages may go there. */
  readonly writable: boolean;
  /** It was lost, and its history is not shown yet. */
  readonly out: boolean;
}

/** Reads of a shard's database, as they are counted. */
export type ReadOperation = "history" | "audit" | "find";

/** What is counted of one shard. It belongs to its shard, so a shard may come while the server runs. */
export interface ShardMeter {
  commit(report: CommitReport): void;
  read(operation: ReadOperation, seconds: number, ok: boolean): void;
  /** An operation waited so many seconds until a connection to the database took it. */
  waited(seconds: number): void;
  /** A message came that its author marked as sent before. */
  resent(): void;
  /** Messages that were not even queued. */
  refused(messages: number): void;
  /** A look-up found that the message is stored already. */
  found(): void;
  /** UTF-8 bytes of a message that is stored. */
  text(bytes: number): void;
  /** Names a traced message, counted already, as the exemplar of its commit. */
  traced(seconds: number, example: Example): void;
  /** Commits by duration since the start, over `SECONDS_BUCKETS` and above; a view that goes on counting. */
  readonly commits: Readonly<Float64Array>;
  /** Messages that were refused or failed, since the start. */
  unstored(): number;
}

/** A message's row, as far as a probe sees it. */
export interface ProbedRow {
  readonly dialog: string;
  readonly id: string;
  readonly client: string;
  readonly text: string;
}

/** One message of a client, from its frame to its readers. Moments are those of `performance.now()`, ms. */
export interface Envelope {
  /** Id of its author's connection. */
  readonly connection: string;
  /** Its author marked it as sent before. */
  readonly resend: boolean;
  /** When its frame began to be decoded, and when it was found valid. */
  readonly decodedFrom: number;
  readonly decodedTo: number;
  /** Its readers' W3C Trace Context: the author's, until a probe that traces the message puts its own here. */
  traceparent: string | undefined;
  /**
   * Of the probe that traces it: 32 hexadecimal digits for log lines and exemplars, and whatever it keeps. Null when it
   * is not traced, undefined while that is not decided.
   */
  trace: { readonly id: string } | null | undefined;
  /** Null until it is placed. */
  row: ProbedRow | null;
  /** Of its shard; null until it is placed. */
  shard: { readonly label: string; readonly meter: ShardMeter } | null;
  /** Connections of its recipient that it was given to. */
  readers: number;
  /** And of its author, other than the one that it came by. */
  twins: number;
}

/** A message that is stored. */
export interface Stored {
  /** Its own id, or that of the message stored first with its (dialog, author, client). */
  readonly id: string;
  /** True when it was stored before, under `id`. */
  readonly duplicate: boolean;
  /** It was not committed: a look-up found it. */
  readonly found?: boolean;
  /** It waited so many milliseconds for its commit to start. */
  readonly queueMs: number;
  readonly commitMs: number;
}

/** Why a message is not stored, or not known to be. */
export interface Unstored {
  readonly error: ErrorCode;
  /** It waited so many milliseconds, until its commit started or it was given up; absent when it was not queued. */
  readonly queueMs?: number;
}

/**
 * What the way of a message tells to metrics, log, traces and traffic: each takes the part that it wants. None of them
 * throws into the chat.
 */
export interface Probe {
  /** It has a row and a shard. */
  readonly placed: (message: Envelope, from: number, to: number) => void;
  /** It was not stored where it was sent, as the topology has gone on: it is looked up and placed again. Once a message. */
  readonly followed: (message: Envelope) => void;
  /** Its author is told why not. */
  readonly refused: (message: Envelope, why: Unstored) => void;
  /** Its author is told. A duplicate is not delivered, unless its author did not know. */
  readonly committed: (message: Envelope, stored: Stored) => void;
  /** These were given to their readers in one turn of the loop, which began and ended so. */
  readonly delivered: (messages: readonly Envelope[], from: number, to: number) => void;
  /** A WebSocket message of so many frames was decoded. */
  readonly decoded: (from: number, to: number, frames: number) => void;
  /** An error was answered, or ended a connection. */
  readonly answered: (code: ErrorCode) => void;
}
