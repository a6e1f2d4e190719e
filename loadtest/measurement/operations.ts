import { hashText } from "../../server/placement/hash.ts";

/** What happened to one message at one end, in the order in which the generator saw it. */
export const OPERATIONS = {
  /** Its author sent it. */
  invoked: "i",
  /** The server says that it is stored; the detail is its message id. */
  acknowledged: "a",
  /** The server says that it is not; the detail is the error's code. */
  refused: "f",
  /** Nobody will say any more; the detail is the error's code, or NO_ANSWER. */
  unknown: "u",
  /** A reader got it, for the first time or again; the detail is its message id. */
  received: "r",
} as const;

export type OperationCode = (typeof OPERATIONS)[keyof typeof OPERATIONS];

/**
 * One operation, compact: code, milliseconds after the start of the schedule, author, recipient, the message's number
 * among its author's to this recipient (from 1), and the detail. The client message id is
 * `RUN-AUTHOR-RECIPIENT-NUMBER`.
 */
export type Operation = readonly [
  code: OperationCode,
  at: number,
  author: number,
  to: number,
  seq: number,
  detail?: string,
];

/** The first line of a file. */
export interface OperationsHead {
  readonly version: 1;
  readonly run: string;
  /** Share of the dialogs whose operations are here, in (0, 1]. */
  readonly share: number;
}

/** Takes the operations of the dialogs that are kept. */
export type OperationLog = (...operation: Operation) => void;

const words = new Uint32Array(4);
/** Not the placement's: a sample must not favour a shard. */
const SEED = 0x6f_70_73;

/**
 * Whether a dialog's operations are kept: all of them or none, the same dialogs in every generator and on every driver.
 *
 * @param share in (0, 1]
 */
export function isKept(author: number, to: number, share: number): boolean {
  if (share >= 1) return true;
  hashText(author < to ? `${author}_${to}` : `${to}_${author}`, SEED, words);
  return (words[0] ?? 0) / 2 ** 32 < share;
}

/**
 * @param share in (0, 1]
 * @param keep takes each one that is kept
 */
export function createOperationLog(share: number, keep: (operation: Operation) => void): OperationLog {
  return (code, at, author, to, seq, detail) => {
    if (!isKept(author, to, share)) return;
    const ms = Math.round(at * 1_000) / 1_000;
    keep(detail === undefined ? [code, ms, author, to, seq] : [code, ms, author, to, seq, detail]);
  };
}
