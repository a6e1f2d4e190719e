import { compareIds } from "../../../server/placement/message-id.ts";
import { OPERATIONS, type MessageOperation, type Page, type PageOperation } from "../../measurement/operations.ts";

/** A line of the log: its moment, ms, and its number. */
export interface Mark {
  readonly at: number;
  readonly line: number;
}

/** One message, by its author's number. */
export interface Message {
  readonly author: number;
  readonly seq: number;
  /** Null: nobody sent it. */
  invoked: Mark | null;
  digest: string;
  /** How often it was sent, how many of these the server refused for certain, and of how many nobody knows. */
  tries: number;
  refusals: number;
  unknowns: number;
  refused: Mark | null;
  /** When it was first sent: how many of its author's messages were acknowledged, and the largest id among them. */
  settled: number;
  floor: Entry | null;
  /** Its place among its author's acknowledgements, from 1; 0: it has none. */
  settledAs: number;
  /** By message id: one, as it should be. */
  readonly entries: Entry[];
}

/** A text, and the line that shows it. */
interface Shown {
  readonly digest: string;
  readonly mark: Mark;
}

/** A message under one message id: every proof that it was stored. */
export interface Entry {
  readonly id: string;
  readonly message: Message;
  acked: Mark | null;
  received: Mark | null;
  /** Received again without being marked as such. */
  receivedAgain: Mark | null;
  /** Complete pages that held it: the first whose `stable` is above it, and the last of all. */
  settledIn: PageRead | null;
  lastIn: PageRead | null;
  /** Any page, for what needs no complete one. */
  seenIn: Mark | null;
  /** The text that was shown first, and the first other one. */
  text: Shown | null;
  otherText: Shown | null;
  /** Number of the last read that listed it. */
  listedBy: number;
  /** Its place among all that should be in a history; −1: it is none of these. */
  place: number;
}

/** One page of a read. */
export interface PageRead extends Mark, Omit<Page, "rows"> {
  /** Number of its read. */
  readonly read: number;
  readonly isComplete: boolean;
  readonly entries: readonly Entry[];
}

/** First receipts of one reader, in the order in which they came. */
export interface Arrival {
  readonly entry: Entry;
  readonly mark: Mark;
}

interface Author {
  readonly messages: Map<number, Message>;
  readonly arrivals: Arrival[];
  acks: number;
  highest: Entry | null;
}

/** Everything that the log says of one dialog. Memory grows with its messages and with the lines of its pages. */
export interface DialogHistory {
  readonly lower: number;
  readonly higher: number;
  readonly authors: ReadonlyMap<number, Author>;
  readonly pages: readonly PageRead[];
  /** The last acknowledgement. */
  readonly lastAcked: Mark | null;
  add(operation: MessageOperation, line: number): void;
  addPage(operation: PageOperation, line: number): void;
}

export function isBelow(a: string, b: string): boolean {
  return compareIds(a, b) < 0;
}

/**
 * Operations of one author MUST come in the order in which its generator saw them, and so must the receipts of one reader; how
 * those of several are mixed does not matter.
 */
export function createDialogHistory(lower: number, higher: number): DialogHistory {
  const authors = new Map<number, Author>();
  const pages: PageRead[] = [];
  let lastAcked: Mark | null = null;

  function authorOf(user: number): Author {
    let author = authors.get(user);
    if (author === undefined)
      authors.set(user, (author = { messages: new Map(), arrivals: [], acks: 0, highest: null }));
    return author;
  }

  function messageOf(user: number, seq: number): Message {
    const { messages } = authorOf(user);
    let message = messages.get(seq);
    if (message === undefined) {
      const fate = { tries: 0, refusals: 0, unknowns: 0, refused: null };
      const before = { settled: 0, floor: null, settledAs: 0 };
      message = { author: user, seq, invoked: null, digest: "", ...fate, ...before, entries: [] };
      messages.set(seq, message);
    }
    return message;
  }

  function invoke(message: Message, author: Author, mark: Mark, digest: string): void {
    message.tries++;
    if (message.invoked !== null) return;
    message.invoked = mark;
    message.digest = digest;
    message.settled = author.acks;
    message.floor = author.highest;
  }

  function acknowledge(message: Message, author: Author, mark: Mark, id: string): void {
    const entry = entryOf(message, id);
    entry.acked ??= mark;
    if (message.settledAs === 0) message.settledAs = ++author.acks;
    if (author.highest === null || isBelow(author.highest.id, id)) author.highest = entry;
    if (lastAcked === null || lastAcked.at < mark.at) lastAcked = mark;
  }

  function receive(message: Message, author: Author, mark: Mark, details: readonly string[]): void {
    const [id = "", digest = "", resend] = details;
    const entry = entryOf(message, id);
    noteText(entry, digest, mark);
    const isFirst = message.entries.every(({ received }) => received === null);
    if (isFirst && resend === undefined) author.arrivals.push({ entry, mark });
    if (entry.received === null) entry.received = mark;
    else if (resend === undefined) entry.receivedAgain ??= mark;
  }

  return {
    lower,
    higher,
    authors,
    pages,
    get lastAcked() {
      return lastAcked;
    },
    add([code, at, user, , seq, ...details], line) {
      const mark = { at, line };
      const author = authorOf(user);
      const message = messageOf(user, seq);
      if (code === OPERATIONS.invoked) invoke(message, author, mark, details[0] ?? "");
      else if (code === OPERATIONS.acknowledged) acknowledge(message, author, mark, details[0] ?? "");
      else if (code === OPERATIONS.received) receive(message, author, mark, details);
      else if (code === OPERATIONS.refused) {
        message.refusals++;
        message.refused ??= mark;
      } else message.unknowns++;
    },
    addPage([, at, , , read, { rows, ...page }], line) {
      const mark = { at, line };
      const isComplete = (page.partial ?? []).length === 0;
      const entries = rows.map(([user, seq, id, digest]) => {
        const entry = entryOf(messageOf(user, seq), id);
        entry.seenIn ??= mark;
        noteText(entry, digest, mark);
        return entry;
      });
      pages.push({ ...page, ...mark, read, isComplete, entries });
    },
  };
}

function entryOf(message: Message, id: string): Entry {
  let entry = message.entries.find((one) => one.id === id);
  if (entry === undefined) {
    const unseen = { acked: null, received: null, receivedAgain: null, seenIn: null };
    const unread = { settledIn: null, lastIn: null, listedBy: -1, place: -1 };
    entry = { id, message, ...unseen, ...unread, text: null, otherText: null };
    message.entries.push(entry);
  }
  return entry;
}

function noteText(entry: Entry, digest: string, mark: Mark): void {
  if (entry.text === null) entry.text = { digest, mark };
  else if (entry.text.digest !== digest) entry.otherText ??= { digest, mark };
}
