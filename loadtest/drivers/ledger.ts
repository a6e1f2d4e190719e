import { ERRORS } from "../../server/protocol/errors.ts";
import type { AckFrame, ErrorFrame, MessageFrame, ServerFrame } from "../../server/protocol/frames.ts";
import { auditBits, auditKey } from "../measurement/audit-key.ts";
import type { BalanceSheet } from "../measurement/delivery-balance.ts";
import { clientNumber, NO_ANSWER, NOT_CONNECTED, outcomeOf } from "../measurement/failed-messages.ts";
import type { GapBins } from "../measurement/gap-bins.ts";
import { OPERATIONS, type OperationLog } from "../measurement/operations.ts";
import { createRehearsed, type Rehearsed } from "../measurement/rehearsed.ts";
import {
  createOutbound,
  createReceipt,
  receive,
  settle,
  type Outbound,
  type Receipt,
} from "../measurement/receipts.ts";
import type { Books } from "./books.ts";
import { backOffMs, isRetryable, type ResendPort } from "./resend.ts";
import type { Random } from "../stats/random.ts";
import type { Action, Story } from "../traffic/contract.ts";
import type { Source } from "../traffic/source.ts";
import { createTextWriter, phaseAt, readText, type Phase } from "../traffic/text.ts";

/** The stream of random numbers that fills texts: none of the lanes' own. */
export const TEXT_STREAM = 0x7e_57;
/**
 * A user of a closed model without a connection tries again after so long, ms: connecting anew takes as long at least.
 */
const TRY_AGAIN_MS = 100;

export interface LedgerOptions {
  readonly story: Pick<Story, "users" | "online" | "isHot" | "windows">;
  readonly runId: string;
  readonly warmupS: number;
  /** Milliseconds since the start of the schedule. */
  readonly clock: { now(): number };
  readonly books: Books;
  readonly balance: BalanceSheet;
  readonly gaps: Pick<GapBins, "sent">;
  /** Fills the texts. */
  readonly random: Random;
  /** Told of each answer. */
  readonly source: Pick<Source, "answered">;
  /** Told of each operation; null: nobody wants them. */
  readonly log: OperationLog | null;
  /** @returns in hexadecimal */
  readonly md5: (text: string) => string;
  /** How messages are sent again that may be stored later; null: each is sent once. */
  readonly resend: ResendPort | null;
}

/** One direction of a dialog, of its two ends those that this generator has. */
interface Pair {
  readonly author: number;
  readonly to: number;
  /** Of client message ids: with the number in the pair they do not depend on who else sends. */
  readonly prefix: string;
  readonly hot: boolean;
  readonly online: boolean;
  readonly outbound: Outbound;
  readonly receipt: Receipt;
}

/** A message that waits for its answer. */
interface Pending {
  readonly pair: Pair;
  readonly seq: number;
  /** Intended moment, ms after the start of the schedule. */
  readonly at: number;
  readonly bytes: number;
  readonly phase: Phase;
  /** What is written when it is sent again; empty when it never is. */
  readonly again: string;
  tries: number;
  /** The last answer after which it may be stored all the same; null: every try was refused. */
  doubt: string | null;
}

/** Writes messages, follows each to its end, and counts: the same for every driver. */
export interface Ledger {
  /** Sent and not answered. */
  readonly outstanding: number;
  /** Longest time from an intended moment to its acknowledgement so far, ms. */
  readonly slowestMs: number;
  /** What is counted more of a story with windows. */
  rehearsed(): Rehearsed | undefined;
  /**
   * Takes what is planned, at its moment.
   *
   * @param hand takes what makes the frame (JSON text, ASCII), to be called when it is handed to the author's socket;
   *   null: the author has no connection
   */
  take(planned: Action, hand: ((make: () => string) => void) | null): void;
  /** @param readAt when the frame was read from the user's socket, ms after the start of the schedule */
  frame(user: number, frame: ServerFrame, readAt: number): void;
  /** Counts an error that is no frame of the server's. */
  error(code: string): void;
  /** The author's connection is gone: what it still waited for will never be answered. */
  abandon(author: number): void;
  /** Gives up on everything that has no answer yet. */
  abandonAll(): void;
}

export function createLedger(options: LedgerOptions): Ledger {
  const { story, runId, warmupS, clock, books, balance, gaps, random, log, source, md5, resend } = options;
  const more = story.windows?.[1] ? createRehearsed(story.windows[1]) : null;
  const pairs = new Map<number, Pair>();
  /** By author and client message id. */
  const waiting = new Map<number, Map<string, Pending>>();
  const writeText = createTextWriter(random);
  const stride = story.users + 1;
  let outstanding = 0;
  let slowestMs = 0;

  function pairOf(author: number, to: number): Pair {
    const key = author * stride + to;
    let pair = pairs.get(key);
    if (pair === undefined) {
      const hot = story.isHot(author, to);
      const prefix = `${runId}-${author}-${to}-`;
      const online = to <= story.online;
      pair = { author, to, prefix, hot, online, outbound: createOutbound(), receipt: createReceipt() };
      pairs.set(key, pair);
    }
    return pair;
  }

  function send(at: number, pair: Pair, hand: (make: () => string) => void): void {
    const { author, to, outbound } = pair;
    outbound.seq += 1;
    const { seq } = outbound;
    const client = `${pair.prefix}${seq}`;
    const phase = phaseAt(at, warmupS);
    // Drawn in the order of the schedule: sessions are flushed in another one.
    const draw = random.next();
    outstanding += 1;
    books.counts.sent += 1;
    hand(() => {
      const sent = clock.now();
      const text = writeText({ seq, settled: outbound.answered.low, intended: at, sent, phase }, draw);
      let own = waiting.get(author);
      if (own === undefined) waiting.set(author, (own = new Map()));
      const frame = `"type":"send","id":"${client}","to":${to},"text":"${text}"`;
      const again = resend === null ? "" : `{${frame},"resend":true}`;
      own.set(client, { pair, seq, at, bytes: text.length, phase, again, tries: 1, doubt: null });
      books.addSendLag(phase, sent - at);
      log?.(OPERATIONS.invoked, sent, author, to, seq, { text });
      return `{${frame}}`;
    });
  }

  function answered(author: number, client: string, readAt: number): Pending | null {
    const own = waiting.get(author);
    const message = own?.get(client);
    if (own === undefined || message === undefined) return null;
    own.delete(client);
    outstanding -= 1;
    source.answered(readAt);
    return message;
  }

  function onAck(author: number, frame: AckFrame, readAt: number): void {
    const message = answered(author, frame.id, readAt);
    if (message === null) return error("UNEXPECTED_ACK");
    const { pair, seq, at } = message;
    settle(pair.outbound, seq);
    log?.(OPERATIONS.acknowledged, readAt, author, pair.to, seq, { detail: frame.message });
    if (readAt - at > slowestMs) slowestMs = readAt - at;
    more?.acknowledged(frame.shard, frame.message, { author, to: pair.to, at, readAt });
    books.addAck(frame.shard, message.bytes, auditBits(md5(auditKey(frame.dialog, author, frame.id))), !pair.online);
    books.addCommit(frame.shard, message.phase, frame.stages.commit);
    if (pair.online) balance.acknowledged(pair.to, at);
    else books.counts.offline += 1;
  }

  function onError(author: number, frame: ErrorFrame, readAt: number): void {
    const code = Object.hasOwn(ERRORS, frame.code) ? frame.code : "UNLISTED";
    error(code);
    if (frame.id === undefined || goesAgain(author, frame.id, code)) return;
    const message = answered(author, frame.id, readAt);
    if (message === null) return;
    const known = message.doubt ?? code;
    fail(known, message);
    if (outcomeOf(known) === "refused") settle(message.pair.outbound, message.seq);
  }

  /** A message that failed for now is sent again, under its own id, and still waits for its answer. */
  function goesAgain(author: number, client: string, code: string): boolean {
    const message = waiting.get(author)?.get(client);
    if (resend === null || message === undefined) return false;
    if (outcomeOf(code) === "unknown") message.doubt = code;
    const waitMs = isRetryable(code) ? backOffMs(message.tries, Math.random()) : null;
    if (waitMs === null) return false;
    message.tries += 1;
    resend.after(waitMs, () => {
      if (waiting.get(author)?.get(client) !== message) return;
      if (resend.write(author, message.again)) books.counts.resent += 1;
      else if (!goesAgain(author, client, code)) abandonOne(author, client, message);
    });
    return true;
  }

  function abandonOne(author: number, client: string, message: Pending): void {
    answered(author, client, clock.now());
    fail(message.doubt ?? NO_ANSWER, message);
  }

  function onMessage(reader: number, frame: MessageFrame, readAt: number): void {
    // Another run's, or somebody else's.
    if (frame.to !== reader || !frame.client.startsWith(`${runId}-`)) return;
    const { from, client, message: detail, text, resend } = frame;
    // By its id and not by its text, which may have been changed on the way.
    if (log !== null) {
      const seq = clientNumber(client, runId, from, reader);
      log(OPERATIONS.received, readAt, from, reader, seq, { detail, text, resend });
    }
    const stamp = readText(text);
    if (stamp === null) return;
    const pair = pairOf(from, reader);
    const arrival = receive(pair.receipt, stamp.seq, stamp.settled);
    if (arrival === "duplicate") {
      // The twin of a message that its author sent again is what the protocol promises.
      if (resend !== true) books.counts.duplicated += 1;
      return;
    }
    if (arrival === "reordered") books.counts.reordered += 1;
    books.counts.delivered += 1;
    balance.delivered(reader, stamp.intended);
    books.addDelivery(frame.shard, stamp.phase, pair.hot, readAt - stamp.intended, readAt - stamp.sent);
  }

  function error(code: string): void {
    const { errors } = books.counts;
    errors[code] = (errors[code] ?? 0) + 1;
  }

  function fail(code: string, { pair: { author, to }, at, seq }: Pick<Pending, "pair" | "at" | "seq">): void {
    const outcome = outcomeOf(code);
    books.counts[outcome] += 1;
    books.addFailed({ code, at, author, to, seq });
    if (outcome === "notConnected") return;
    const operation = outcome === "refused" ? OPERATIONS.refused : OPERATIONS.unknown;
    log?.(operation, clock.now(), author, to, seq, { detail: code });
  }

  function abandon(author: number): void {
    const own = waiting.get(author);
    if (own === undefined) return;
    waiting.delete(author);
    outstanding -= own.size;
    for (const message of own.values()) {
      fail(NO_ANSWER, message);
      source.answered(clock.now());
    }
  }

  return {
    rehearsed: () => more?.toData(),
    get outstanding() {
      return outstanding;
    },
    get slowestMs() {
      return slowestMs;
    },
    take({ at, do: what, target, user }, hand) {
      if (what === "noop") return books.addNoop(phaseAt(at, warmupS), clock.now() - at);
      const pair = pairOf(user, target);
      books.counts.planned += 1;
      // Whether or not the server lets it through: the schedule is the generator's.
      gaps.sent(at);
      if (pair.hot) books.counts.hotOffered += 1;
      if (hand !== null) return send(at, pair, hand);
      fail(NOT_CONNECTED, { pair, at, seq: 0 });
      source.answered(clock.now() + TRY_AGAIN_MS);
    },
    frame(user, frame, readAt) {
      if (frame.type === "ack") onAck(user, frame, readAt);
      else if (frame.type === "message") onMessage(user, frame, readAt);
      else if (frame.type === "error") onError(user, frame, readAt);
    },
    error,
    abandon,
    abandonAll() {
      for (const author of waiting.keys()) abandon(author);
    },
  };
}
