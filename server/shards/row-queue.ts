import type { Stored, Unstored } from "../observability/probe.ts";
import type { MessageRow } from "./contract.ts";

/** The row is stored durably. */
export type Committed = Stored;

export interface Failed extends Unstored {
  /** One clause for the client; nothing secret. */
  readonly detail: string;
}

/**
 * Whoever gave a row to the writer, and is told once what became of it. It is an object that is there already: no
 * closure a row.
 */
export interface Origin {
  settle(outcome: Committed | Failed): void;
}

export interface WriterLimits {
  /** Rows that may wait, beside those of the commit under way; at least 1. */
  readonly queueRows: number;
  /** Bytes that may wait, as counted by the caller; at least those of the largest row. */
  readonly queueBytes: number;
  /** Most rows of one commit; 1 makes single-row inserts. The store's own `maxRows` holds too. */
  readonly maxRows: number;
}

/** Rows that go into one commit together. */
export interface Batch {
  readonly rows: MessageRow[];
  /** Of each row. */
  readonly origins: Origin[];
  /** When each row was queued. */
  readonly since: number[];
  bytes: number;
}

export interface RowQueue {
  /** @returns false when it is full: then nothing is queued */
  push(row: MessageRow, bytes: number, origin: Origin, now: number): boolean;
  /** Takes the oldest batch out. */
  shift(): Batch | undefined;
  /** Takes everything out. */
  clear(): Batch[];
  first(): MessageRow | undefined;
  /** When the oldest row was queued. */
  oldest(): number | undefined;
  rows(): number;
  bytes(): number;
}

/** What waits for its commit, already cut into batches of at most `maxRows`; bounded in rows and bytes. */
export function createRowQueue(limits: WriterLimits, maxRows: number): RowQueue {
  let batches: Batch[] = [];
  let rows = 0;
  let bytes = 0;
  return {
    push(row, size, origin, now) {
      if (rows >= limits.queueRows || bytes + size > limits.queueBytes) return false;
      let batch = batches.at(-1);
      if (batch === undefined || batch.rows.length >= maxRows) {
        batch = { rows: [], origins: [], since: [], bytes: 0 };
        batches.push(batch);
      }
      batch.rows.push(row);
      batch.origins.push(origin);
      batch.since.push(now);
      batch.bytes += size;
      rows += 1;
      bytes += size;
      return true;
    },
    shift() {
      const batch = batches.shift();
      if (batch === undefined) return undefined;
      rows -= batch.rows.length;
      bytes -= batch.bytes;
      return batch;
    },
    clear() {
      const all = batches;
      batches = [];
      rows = 0;
      bytes = 0;
      return all;
    },
    first: () => batches[0]?.rows[0],
    oldest: () => batches[0]?.since[0],
    rows: () => rows,
    bytes: () => bytes,
  };
}
