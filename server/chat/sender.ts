import { dialogId } from "../placement/dialog.ts";
import type { LoggedMessage } from "../observability/message-log.ts";
import type { MessageTrace } from "../observability/traces.ts";
import { ERRORS } from "../protocol/errors.ts";
import type { SendFrame } from "../protocol/frames.ts";
import { StoreError, type MessageRow } from "../storage/contract.ts";
import type { Committed } from "../storage/row-queue.ts";
import type { Chat, ChatParts } from "./chat.ts";
import type { Outbox } from "./outbox.ts";
import { READS_WAIT, type ReadQueue } from "./read-queue.ts";
import type { Session } from "./session.ts";
import { rowBytes } from "./shard.ts";

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

/** Which trace a message belongs to. */
interface Context {
  /** Null when this server does not trace it. */
  readonly trace: MessageTrace | null;
  /** The author's own. */
  readonly traceparent: string | undefined;
}

/**
 * The way of a message after it was validated: place → queue → commit → ack + deliver. Nothing is acknowledged or
 * delivered before its commit.
 */
export function createSender(parts: SenderParts) {
  const { clock, fault, messageLog, metrics, observer, outbox, presence, reads, router, shards, traces } = parts;

  function deliver(row: MessageRow, index: number, author: Session, context: Context): void {
    const { trace } = context;
    const frame = messageFrame(row, shards[index]!.label, trace?.traceparent ?? context.traceparent);
    const start = trace === null ? 0 : performance.now();
    const readers = presence.of(row.recipient);
    for (const reader of readers) reader.send(frame);
    const twins = presence.of(row.author);
    for (const own of twins) if (own !== author) own.send(frame);
    metrics.delivered(readers.size + twins.size - (twins.has(author) ? 1 : 0), readers.size === 0);
    outbox.delivered(trace === null ? null : (at) => endDelivered(trace, start, at));
  }

  function acknowledge(session: Session, row: MessageRow, index: number, done: Committed, context: Context): void {
    const { label } = shards[index]!;
    const { trace } = context;
    metrics.stage("queue", done.queueMs / 1_000);
    session.send(ackFrame(row, label, done));
    if (trace !== null) {
      trace.committed(done.queueMs, done.commitMs);
      metrics.traced(index, done.commitMs / 1_000, { dialog: row.dialog, id: row.id, traceId: trace.id });
    }
    if (messageLog.isDue()) messageLog.write(logLine(session, row, label, done, trace));
    // A duplicate was delivered when it was first committed.
    if (done.duplicate) return trace?.end("duplicate", performance.now());
    metrics.textBytes(index, Buffer.byteLength(row.text));
    deliver(row, index, session, context);
  }

  function store(session: Session, user: number, frame: Direct, trace: MessageTrace | null): void {
    const start = performance.now();
    const dialog = dialogId(user, frame.to);
    const id = clock.next();
    const index = router.place({ dialog, id, author: user, client: frame.id });
    const placed = performance.now();
    metrics.stage("place", (placed - start) / 1_000);
    observer.placed(dialog, index);
    if (frame.resend === true) metrics.resend(index);
    const shard = shards[index]!;
    const row: MessageRow = {
      dialog,
      id: id.toString(),
      author: user,
      recipient: frame.to,
      client: frame.id,
      text: frame.text,
      connection: session.id,
    };
    trace?.placed(start, placed, shard.label, row);
    const context = { trace, traceparent: frame.traceparent };
    const refusal = shard.writer.enqueue(row, rowBytes(row), (outcome) => {
      if ("error" in outcome) {
        session.refuse(outcome.error, `shard ${shard.label}: ${outcome.detail}`, frame.id);
        trace?.end(
          ERRORS[outcome.error].outcome === "refused" ? "refused" : "failed",
          performance.now(),
          outcome.error,
        );
      } else acknowledge(session, row, index, outcome, context);
    });
    if (refusal === null) return;
    metrics.messages(index, "refused", 1);
    session.refuse(refusal.error, `shard ${shard.label}: ${refusal.detail}`, frame.id);
    trace?.end("refused", performance.now(), refusal.error);
  }

  /** The unique key of one shard does not see what another shard holds, so those are asked. */
  async function resend(
    session: Session,
    user: number,
    frame: Direct,
    elsewhere: readonly number[],
    trace: MessageTrace | null,
  ): Promise<void> {
    const dialog = dialogId(user, frame.to);
    try {
      // The first try may still wait for its commit there, where a look-up does not see it.
      await Promise.all(elsewhere.map((index) => shards[index]!.writer.drain()));
      const ids = await Promise.all(elsewhere.map((index) => shards[index]!.find(dialog, user, frame.id)));
      const found = ids.findIndex((id) => id !== null);
      if (found === -1) return store(session, user, frame, trace);
      const index = elsewhere[found]!;
      const row = { dialog, author: user, client: frame.id };
      metrics.messages(index, "duplicate", 1);
      metrics.resend(index);
      session.send(ackFrame(row, shards[index]!.label, { id: ids[found]!, queueMs: 0, commitMs: 0 }));
      trace?.end("duplicate", performance.now());
    } catch (error) {
      if (error instanceof StoreError) {
        session.refuse("SHARD_UNAVAILABLE", "a shard that may hold the first try does not answer", frame.id);
        return trace?.end("failed", performance.now(), "SHARD_UNAVAILABLE");
      }
      fault(session, error, frame.id);
      trace?.end("failed", performance.now(), "INTERNAL");
    }
  }

  return function send(session: Session, user: number, frame: SendFrame): void {
    if (!isDirect(frame)) {
      session.refuse("NOT_FOUND", `there is no group ${frame.group}`, frame.id);
      return;
    }
    const tries = frame.resend === true ? router.triesOf(dialogId(user, frame.to), user, frame.id) : [];
    const trace = traces === null ? null : traces.begin(session.id, frame.traceparent);
    // With one candidate the message meets its first try on that shard, by the unique key.
    if (tries.length <= 1) return store(session, user, frame, trace);
    const place = reads.enter(session);
    if (place !== null) {
      return place.read(() => resend(session, user, frame, tries, trace).finally(() => place.leave()));
    }
    session.refuse("OVERLOADED", READS_WAIT, frame.id);
    trace?.end("refused", performance.now(), "OVERLOADED");
  };
}

function isDirect(frame: SendFrame): frame is Direct {
  return frame.to !== undefined;
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
  trace: MessageTrace | null,
): LoggedMessage {
  const line = { connection: session.id, message, dialog, shard, queueMs, commitMs };
  return trace === null ? line : { ...line, trace_id: trace.id };
}

function ackFrame(
  row: Pick<MessageRow, "dialog" | "client">,
  shard: string,
  { id, queueMs, commitMs }: Omit<Committed, "duplicate">,
): string {
  const stages = `{"queue":${round(queueMs)},"commit":${round(commitMs)}}`;
  const head = `{"type":"ack","id":${JSON.stringify(row.client)},"message":"${id}"`;
  return `${head},"dialog":"${row.dialog}","shard":"${shard}","stages":${stages}}`;
}

function messageFrame(row: MessageRow, shard: string, traceparent: string | undefined): string {
  const head = `{"type":"message","message":"${row.id}","dialog":"${row.dialog}","shard":"${shard}"`;
  const people = `"from":${row.author},"to":${row.recipient},"client":${JSON.stringify(row.client)}`;
  const context = traceparent === undefined ? "" : `,"traceparent":"${traceparent}"`;
  return `${head},${people}${context},"text":${JSON.stringify(row.text)}}`;
}

/** Microseconds are enough, and shorter on the wire. */
function round(milliseconds: number): number {
  return Math.round(milliseconds * 1_000) / 1_000;
}
