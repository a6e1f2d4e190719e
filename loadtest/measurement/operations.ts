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
  /** A page of a dialog's history came. */
  page: "p",
} as const;

type MessageCode = Exclude<(typeof OPERATIONS)[keyof typeof OPERATIONS], "p">;

/**
 * One operation, compact: code, milliseconds after the start of the schedule, author, recipient, the message's number
 * among its author's to this recipient (from 1; 0: none that this run gives), and details: of `i` the digest of its
 * text, of `r` its message id and the digest, then `resend` when the frame was marked so. The client message id is
 * `RUN-AUTHOR-RECIPIENT-NUMBER`.
 */
export type MessageOperation = readonly [
  code: MessageCode,
  at: number,
  author: number,
  to: number,
  seq: number,
  ...details: string[],
];

/** `[author, number, message id, digest of the text]`, ascending by id as the server sent them. */
export type PageRow = readonly [author: number, seq: number, id: string, digest: string];

/** One page of one dialog, as the protocol has it; of its messages those of this run. */
export interface Page {
  /** When it was asked for: milliseconds after the start of the schedule. */
  readonly begin: number;
  readonly before?: string;
  readonly next?: string;
  readonly stable: string;
  readonly partial?: readonly string[];
  readonly rows: readonly PageRow[];
}

/** Code, when the page came, both users of the dialog, and the number of the read that the page is a part of. */
export type PageOperation = readonly [code: "p", at: number, lower: number, higher: number, read: number, page: Page];

export type Operation = MessageOperation | PageOperation;

/** The first line of a file. */
export interface OperationsHead {
  readonly version: 2;
  readonly run: string;
  /** Share of the dialogs whose operations are here, in (0, 1]. */
  readonly share: number;
  /** Epoch milliseconds from which this file counts; absent: the start of the schedule. */
  readonly startedAt?: number;
}

/** Of an acknowledgement the message id, of a failure the code, of what has a text the text. */
export interface OperationDetails {
  readonly detail?: string;
  readonly text?: string;
  /** It was sent, or delivered, again. */
  readonly resend?: boolean | undefined;
}

/** Takes the operations of the dialogs that are kept. */
export type OperationLog = (
  code: MessageCode,
  at: number,
  author: number,
  to: number,
  seq: number,
  details: OperationDetails,
) => void;

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

/** What stands for a text in the log: the first 32 bits of its MD5, in hexadecimal. */
export function textDigest(md5: string): string {
  return md5.slice(0, 8);
}

/** Moments of the log are exact to a microsecond. */
export function logMs(at: number): number {
  return Math.round(at * 1_000) / 1_000;
}

/**
 * @param share in (0, 1]
 * @param md5 in hexadecimal, of ASCII: Node and k6 have one of their own
 * @param keep takes each one that is kept
 */
export function createOperationLog(
  share: number,
  md5: (text: string) => string,
  keep: (operation: MessageOperation) => void,
): OperationLog {
  return (code, at, author, to, seq, { detail, text, resend }) => {
    if (!isKept(author, to, share)) return;
    const details = detail === undefined ? [] : [detail];
    if (text !== undefined) details.push(textDigest(md5(text)));
    if (resend === true) details.push("resend");
    keep([code, logMs(at), author, to, seq, ...details]);
  };
}
