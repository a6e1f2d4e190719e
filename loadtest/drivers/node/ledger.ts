import { hash } from "node:crypto";
import { ERRORS } from "../../../server/protocol/errors.ts";
import type { AckFrame, ErrorFrame, MessageFrame, ServerFrame } from "../../../server/protocol/frames.ts";
import { NO_ANSWER, NOT_CONNECTED, outcomeOf } from "../../measurement/failed-messages.ts";
import { auditBits, auditKey } from "../../measurement/audit-key.ts";
import { OPERATIONS, type OperationLog } from "../../measurement/operations.ts";
import type { Action, Story } from "../../traffic/contract.ts";
import { createRandom } from "../../stats/random.ts";
import {
  createOutbound,
  createReceipt,
  receive,
  settle,
  type Outbound,
  type Receipt,
} from "../../measurement/receipts.ts";
import type { Source } from "../../traffic/source.ts";
import { createTextWriter, phaseAt, readText, type Phase } from "../../traffic/text.ts";
import type { DriveOrder } from "../contract.ts";
import type { RunClock } from "./clock.ts";
import type { Session } from "./session.ts";
import type { Tally } from "./tally.ts";

/** The stream of random numbers that fills texts: none of the lanes' own. */
const TEXT_STREAM = 0x7e_57;
/**
 * A user of a closed model without a connection tries again after so long, ms: connecting anew takes as long at least.
 */
const TRY_AGAIN_MS = 100;

/** One direction of a dialog, of its two ends those that this process has. */
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
export interface Pending {
  readonly pair: Pair;
  readonly seq: number;
  /** Intended moment, ms after the start of the schedule. */
  readonly at: number;
  readonly bytes: number;
  readonly phase: Phase;
}

/** Writes messages, follows each to its end, and counts. */
export interface Ledger {
  /** Sent and not answered. */
  readonly outstanding: number;
  /** Acknowledged messages whose reader is connected and has not got them yet. */
  readonly undelivered: number;
  /** Queues the frame of a planned message on its author's session. */
  send(planned: Action, session: Session): void;
  /** A planned message whose author has no connection. */
  miss(planned: Action): void;
  frame(session: Session, frame: ServerFrame): void;
  /** The session is gone: what it still waited for will never be answered. */
  abandon(session: Session): void;
}

/**
 * @param source told of each answer
 * @param log told of each operation; null: nobody wants them
 */
export function createLedger(
  order: DriveOrder,
  story: Story,
  tally: Tally,
  clock: RunClock,
  source: Pick<Source, "answered">,
  log: OperationLog | null = null,
): Ledger {
  const { runId } = order;
  const { warmupS, seed } = order.dials;
  const pairs = new Map<number, Pair>();
  const textRandom = createRandom(seed, TEXT_STREAM);
  const writeText = createTextWriter(textRandom);
  const stride = story.users + 1;
  let outstanding = 0;

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

  function send({ at, target: to, user: author }: Action, session: Session): void {
    const pair = pairOf(author, to);
    const { outbound } = pair;
    const seq = ++outbound.seq;
    const client = `${pair.prefix}${seq}`;
    const phase = phaseAt(at, warmupS);
    // Drawn in the order of the schedule: sessions are flushed in another one.
    const draw = textRandom.next();
    session.queue(() => {
      const sent = clock.now();
      const text = writeText({ seq, settled: outbound.answered.low, intended: at, sent, phase }, draw);
      session.pending.set(client, { pair, seq, at, bytes: text.length, phase });
      if (phase === "measure") tally.sendLag.record(sent - at);
      log?.add(OPERATIONS.invoked, sent, author, to, seq);
      return `{"type":"send","id":"${client}","to":${to},"text":"${text}"}`;
    });
    outstanding++;
    tally.sent++;
    if (pair.hot) tally.hotOffered++;
  }

  function miss({ at, target: to, user: author }: Action): void {
    if (story.isHot(author, to)) tally.hotOffered++;
    tally.fail({ code: NOT_CONNECTED, at, author, to, seq: 0 });
    source.answered(clock.now() + TRY_AGAIN_MS);
  }

  function take(session: Session, client: string): Pending | null {
    const pending = session.pending.get(client);
    if (pending === undefined) return null;
    session.pending.delete(client);
    outstanding--;
    source.answered(clock.at(session.readAt));
    return pending;
  }

  function ack(session: Session, frame: AckFrame): void {
    const pending = take(session, frame.id);
    if (pending === null) {
      tally.error("UNEXPECTED_ACK");
      return;
    }
    const { pair, phase } = pending;
    const shard = tally.shard(frame.shard);
    settle(pair.outbound, pending.seq);
    log?.add(OPERATIONS.acknowledged, clock.at(session.readAt), pair.author, pair.to, pending.seq, frame.message);
    shard.acked++;
    shard.secondAcked++;
    shard.bytes += pending.bytes;
    shard.sum += auditBits(hash("md5", auditKey(frame.dialog, pair.author, frame.id), "hex"));
    if (phase === "measure") {
      shard.commit.record(frame.stages.commit);
      shard.secondCommit.record(frame.stages.commit);
    }
    tally.acked++;
    if (pair.online) tally.balance.acknowledged(pair.to, pending.at);
    else {
      tally.offline++;
      shard.offline++;
    }
  }

  function refusal(session: Session, frame: ErrorFrame): void {
    const code = Object.hasOwn(ERRORS, frame.code) ? frame.code : "UNLISTED";
    tally.error(code);
    const pending = frame.id === undefined ? null : take(session, frame.id);
    if (pending === null) return;
    fail(pending, code);
    if (outcomeOf(code) === "refused") settle(pending.pair.outbound, pending.seq);
  }

  function fail({ pair: { author, to }, at, seq }: Pending, code: string): void {
    tally.fail({ code, at, author, to, seq });
    const operation = outcomeOf(code) === "refused" ? OPERATIONS.refused : OPERATIONS.unknown;
    log?.add(operation, clock.now(), author, to, seq, code);
  }

  function message(session: Session, frame: MessageFrame): void {
    const stamp = frame.to === session.user && frame.client.startsWith(`${runId}-`) ? readText(frame.text) : null;
    if (stamp === null) return;
    const pair = pairOf(frame.from, session.user);
    log?.add(OPERATIONS.received, clock.at(session.readAt), frame.from, session.user, stamp.seq, frame.message);
    const verdict = receive(pair.receipt, stamp.seq, stamp.settled);
    if (verdict === "duplicate") {
      // The twin of a message that its author sent again is what the protocol promises.
      if (frame.resend !== true) tally.duplicated++;
      return;
    }
    if (verdict === "reordered") tally.reordered++;
    tally.delivered++;
    tally.balance.delivered(session.user, stamp.intended);
    const shard = tally.shard(frame.shard);
    const received = clock.at(session.readAt);
    const delivery = received - stamp.intended;
    if (stamp.phase === "warmup") {
      shard.secondWarmup.record(delivery);
      return;
    }
    shard.secondDelivery.record(delivery);
    shard.delivery.record(delivery);
    shard.service.record(received - stamp.sent);
    if (!pair.hot) shard.innocent.record(delivery);
  }

  return {
    get outstanding() {
      return outstanding;
    },
    get undelivered() {
      return tally.acked - tally.offline - tally.delivered;
    },
    send,
    miss,
    frame(session, frame) {
      if (frame.type === "ack") ack(session, frame);
      else if (frame.type === "message") message(session, frame);
      else if (frame.type === "error") refusal(session, frame);
    },
    abandon(session) {
      for (const pending of session.pending.values()) {
        fail(pending, NO_ANSWER);
        source.answered(clock.now());
      }
      outstanding -= session.pending.size;
      session.pending.clear();
    },
  };
}
