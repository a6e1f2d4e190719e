import { dialogId } from "../placement/dialog.ts";
import type { SendFrame } from "../protocol/frames.ts";
import type { MessageRow } from "../storage/contract.ts";
import type { Committed } from "../storage/writer.ts";
import type { ChatParts } from "./chat.ts";
import type { Session } from "./session.ts";
import { rowBytes } from "./shard.ts";

/**
 * The way of a message after it was validated: place → queue → commit → ack + deliver. Nothing is acknowledged or
 * delivered before its commit.
 */
export function createSender(parts: Omit<ChatParts, "node" | "topology">) {
  const { clock, hot, metrics, presence, router, shards } = parts;

  function deliver(row: MessageRow, label: string, author: Session): void {
    const frame = messageFrame(row, label);
    const readers = presence.of(row.recipient);
    if (readers.size === 0) metrics.recipientOffline();
    for (const reader of readers) reader.send(frame);
    for (const own of presence.of(row.author)) if (own !== author) own.send(frame);
  }

  function acknowledge(session: Session, row: MessageRow, label: string, committed: Committed): void {
    metrics.stage("queue", committed.queueMs / 1_000);
    session.send(ackFrame(row, label, committed));
    // A duplicate was delivered when it was first committed.
    if (!committed.duplicate) deliver(row, label, session);
  }

  return function send(session: Session, user: number, frame: SendFrame): void {
    if (frame.to === undefined) {
      session.refuse("NOT_FOUND", `there is no group ${frame.group}`, frame.id);
      return;
    }
    const start = performance.now();
    const dialog = dialogId(user, frame.to);
    const id = clock.next();
    const index = router.place({ dialog, id, author: user, client: frame.id });
    metrics.stage("place", (performance.now() - start) / 1_000);
    hot.add(dialog);
    const shard = shards[index]!;
    const row: MessageRow = {
      dialog,
      id: id.toString(),
      author: user,
      recipient: frame.to,
      client: frame.id,
      text: frame.text,
    };
    const refusal = shard.writer.enqueue(row, rowBytes(row), (outcome) => {
      if ("error" in outcome) session.refuse(outcome.error, `shard ${shard.label}: ${outcome.detail}`, frame.id);
      else acknowledge(session, row, shard.label, outcome);
    });
    if (refusal === null) return;
    metrics.messages(index, "refused", 1);
    session.refuse(refusal.error, `shard ${shard.label}: ${refusal.detail}`, frame.id);
  };
}

function ackFrame(row: MessageRow, shard: string, { id, queueMs, commitMs }: Committed): string {
  const stages = `{"queue":${round(queueMs)},"commit":${round(commitMs)}}`;
  const head = `{"type":"ack","id":${JSON.stringify(row.client)},"message":"${id}"`;
  return `${head},"dialog":"${row.dialog}","shard":"${shard}","stages":${stages}}`;
}

function messageFrame(row: MessageRow, shard: string): string {
  const head = `{"type":"message","message":"${row.id}","dialog":"${row.dialog}","shard":"${shard}"`;
  const people = `"from":${row.author},"to":${row.recipient},"client":${JSON.stringify(row.client)}`;
  return `${head},${people},"text":${JSON.stringify(row.text)}}`;
}

/** Microseconds are enough, and shorter on the wire. */
function round(milliseconds: number): number {
  return Math.round(milliseconds * 1_000) / 1_000;
}
