import { dialogId } from "../placement/dialog.ts";
import type { LoggedMessage } from "../observability/message-log.ts";
import type { MessageTrace } from "../observability/traces.ts";
import { ERRORS } from "../protocol/errors.ts";
import type { SendFrame } from "../protocol/frames.ts";
import { isLostShard, type MessageRow } from "../shards/contract.ts";
import type { Committed } from "../shards/row-queue.ts";
import type { Chat, ChatParts } from "./chat.ts";
import type { Outbox } from "./outbox.ts";
import { ackFrame, messageFrame } from "./frame-text.ts";
import { READS_WAIT, type Place, type ReadQueue } from "./read-queue.ts";
import type { Session } from "./session.ts";
import { rowBytes } from "../shards/shard.ts";

type SenderParts = Pick<
  ChatParts,
  "clock" | "messageLog" | "metrics" | "observer" | "presence" | "router" | "shards" | "traces"
> & {
  readonly outbox: Outbox;
  readonly reads: ReadQueue;
  readonly fault: Chat["fault"];
};

/** The dialog is known: `to` is given. */
type Direct = SendFrame & { readonly to: number };

/** Null when this server does not trace the message. */
type Trace = MessageTrace | null;

/** A `send` until it is answered. */
interface Sending {
  readonly session: Session;
  readonly user: number;
  readonly frame: Direct;
  readonly trace: Trace;
  /** Of a message that is sent again: what its reads, and their number, are bounded by. */
  readonly place: Place | null;
}

/** Which trace a message belongs to. */
interface Context {
  readonly trace: Trace;
  /** The author's own. */
  readonly traceparent: string | undefined;
}

/**
 * The way of a message after it was validated: place → queue → commit → ack + deliver. Nothing is acknowledged or
 * delivered before its commit.
 */
export function createSender(parts: SenderParts) {
  const { clock, fault, messageLog, metrics, observer, outbox, presence, reads, router, shards, traces } = parts;

  /** To every connection of the reader, and to the author's others. */
  function sendToAll(row: MessageRow, frame: string, author: Session): { readers: number; twins: number } {
    const readers = presence.of(row.recipient);
    for (const reader of readers) reader.send(frame);
    const own = presence.of(row.author);
    for (const twin of own) if (twin !== author) twin.send(frame);
    return { readers: readers.size, twins: own.size - (own.has(author) ? 1 : 0) };
  }

  function deliver(row: MessageRow, index: number, author: Session, context: Context): void {
    const { trace } = context;
    const frame = messageFrame(row, shards[index]!.label, { traceparent: trace?.traceparent ?? context.traceparent });
    const start = trace === null ? 0 : performance.now();
    const { readers, twins } = sendToAll(row, frame, author);
    metrics.delivered(readers + twins, readers === 0);
    outbox.delivered(trace === null ? null : (at) => endDelivered(trace, start, at));
  }

  function acknowledge(session: Session, row: MessageRow, index: number, done: Committed, trace: Trace): void {
    const { label } = shards[index]!;
    session.send(ackFrame(row, label, done));
    if (trace !== null) {
      trace.committed(done.queueMs, done.commitMs);
      metrics.traced(index, done.commitMs / 1_000, { dialog: row.dialog, id: row.id, traceId: trace.id });
    }
    if (messageLog.isDue()) messageLog.write(logLine(session, row, label, done, trace));
  }

  function onCommitted(sending: Sending, row: MessageRow, index: number, done: Committed): void {
    const { place, session, trace } = sending;
    if (!done.duplicate) {
      place?.leave();
      acknowledge(session, row, index, done, trace);
      metrics.textBytes(index, Buffer.byteLength(row.text));
      deliver(row, index, session, { trace, traceparent: sending.frame.traceparent });
    } else if (place === null) {
      acknowledge(session, row, index, done, trace);
      trace?.end("duplicate", performance.now());
    } else place.read(() => settle(sending, () => repeat(sending, row, index, done)));
  }

  /**
   * The message is stored already, and perhaps nobody was ever told: the answer to its commit was lost. So it is delivered
   * once more, as it is stored, and readers drop the twin. It is acknowledged when that is certain to happen.
   */
  async function repeat(sending: Sending, row: MessageRow, index: number, done: Committed): Promise<void> {
    const { session, trace } = sending;
    const shard = shards[index]!;
    const [stored] = await shard.history(row.dialog, (BigInt(done.id) + 1n).toString(), 1);
    if (stored?.id !== done.id) throw new Error(`shard ${shard.label}: message ${done.id} is not where it was found`);
    acknowledge(session, row, index, done, trace);
    sendToAll(stored, messageFrame(stored, shard.label, { resend: true }), session);
    trace?.end("duplicate", performance.now());
  }

  function store(sending: Sending): void {
    const { frame, place, session, trace, user } = sending;
    const start = performance.now();
    const dialog = dialogId(user, frame.to);
    const id = clock.next();
    const index = router.place({ dialog, id, author: user, client: frame.id });
    const placed = performance.now();
    metrics.stage("place", (placed - start) / 1_000);
    observer.placed(dialog, index);
    if (frame.resend === true) metrics.resend(index);
    const shard = shards[index]!;
    const row = rowOf(sending, dialog, id.toString());
    trace?.placed(start, placed, shard.label, row);
    const refusal = shard.writer.enqueue(row, rowBytes(row), (outcome) => {
      // The writer has more to answer.
      try {
        metrics.stage("queue", (outcome.queueMs ?? 0) / 1_000);
        if (!("error" in outcome)) return onCommitted(sending, row, index, outcome);
        place?.leave();
        session.refuse(outcome.error, `shard ${shard.label}: ${outcome.detail}`, frame.id);
        const isRefused = ERRORS[outcome.error].outcome === "refused";
        trace?.end(isRefused ? "refused" : "failed", performance.now(), outcome.error);
      } catch (error) {
        fault(session, error, frame.id);
      }
    });
    if (refusal === null) return;
    place?.leave();
    metrics.messages(index, "refused", 1);
    session.refuse(refusal.error, `shard ${shard.label}: ${refusal.detail}`, frame.id);
    trace?.end("refused", performance.now(), refusal.error);
  }

  /** The unique key of one shard does not see what another shard holds, so those are asked. */
  async function findFirst(sending: Sending, tries: readonly number[]): Promise<void> {
    const { frame, user } = sending;
    const dialog = dialogId(user, frame.to);
    // The first try may still wait for its commit there, where a look-up does not see it.
    await Promise.all(tries.map((index) => shards[index]!.writer.drain()));
    const ids = await Promise.all(tries.map((index) => shards[index]!.find(dialog, user, frame.id)));
    const found = ids.findIndex((id) => id !== null);
    if (found === -1) return store(sending);
    const index = tries[found]!;
    metrics.messages(index, "duplicate", 1);
    metrics.resend(index);
    const id = ids[found]!;
    const done: Committed = { id, duplicate: true, queueMs: 0, commitMs: 0 };
    await settle(sending, () => repeat(sending, rowOf(sending, dialog, id), index, done));
  }

  /** Whatever becomes of it, the frame is answered and its place is free. */
  async function settle(sending: Sending, answer: () => Promise<void>): Promise<void> {
    await answer().catch((error: unknown) => fail(sending, error));
    sending.place?.leave();
  }

  function fail({ frame, session, trace }: Sending, error: unknown): void {
    if (isLostShard(error)) {
      session.refuse("SHARD_UNAVAILABLE", "a shard that may hold the first try does not answer", frame.id);
      return trace?.end("failed", performance.now(), "SHARD_UNAVAILABLE");
    }
    fault(session, error, frame.id);
    trace?.end("failed", performance.now(), "INTERNAL");
  }

  function sendAgain(sending: Sending): void {
    const { frame, session, trace, user } = sending;
    const place = reads.enter(session);
    if (place === null) {
      session.refuse("OVERLOADED", READS_WAIT, frame.id);
      return trace?.end("refused", performance.now(), "OVERLOADED");
    }
    const own = { ...sending, place };
    const tries = router.triesOf(dialogId(user, frame.to), user, frame.id);
    // With one candidate the message meets its first try on that shard, by the unique key.
    const first = tries.length <= 1 ? async () => store(own) : () => findFirst(own, tries);
    place.read(() =>
      first().catch((error: unknown) => {
        fail(own, error);
        place.leave();
      }),
    );
  }

  return function send(session: Session, user: number, frame: SendFrame): void {
    if (!isDirect(frame)) {
      session.refuse("NOT_FOUND", `there is no group ${frame.group}`, frame.id);
      return;
    }
    const trace = traces === null ? null : traces.begin(session.id, frame.traceparent);
    const sending: Sending = { session, user, frame, trace, place: null };
    if (frame.resend === true) sendAgain(sending);
    else store(sending);
  };
}

function isDirect(frame: SendFrame): frame is Direct {
  return frame.to !== undefined;
}

function rowOf({ frame, session, user }: Sending, dialog: string, id: string): MessageRow {
  return { dialog, id, author: user, recipient: frame.to, client: frame.id, text: frame.text, connection: session.id };
}

function endDelivered(trace: MessageTrace, from: number, to: number): void {
  trace.delivered(from, to);
  trace.end("stored", to);
}

function logLine(
  session: Session,
  { dialog, id: message }: MessageRow,
  shard: string,
  { commitMs, queueMs }: Committed,
  trace: Trace,
): LoggedMessage {
  const line = { connection: session.id, message, dialog, shard, queueMs, commitMs };
  return trace === null ? line : { ...line, trace_id: trace.id };
}
