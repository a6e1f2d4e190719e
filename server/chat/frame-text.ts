import type { MessageRow } from "../shards/contract.ts";
import type { Committed } from "../shards/row-queue.ts";

/** The answer to a message that is stored. */
export function ackFrame(
  row: Pick<MessageRow, "dialog" | "client">,
  shard: string,
  { id, queueMs, commitMs }: Omit<Committed, "duplicate">,
): string {
  const stages = `{"queue":${round(queueMs)},"commit":${round(commitMs)}}`;
  const head = `{"type":"ack","id":${JSON.stringify(row.client)},"message":"${id}"`;
  return `${head},"dialog":"${row.dialog}","shard":"${shard}","stages":${stages}}`;
}

interface Delivery {
  readonly traceparent?: string | undefined;
  readonly resend?: boolean;
}

/** What its readers get. */
export function messageFrame(row: MessageRow, shard: string, { resend, traceparent }: Delivery): string {
  const head = `{"type":"message","message":"${row.id}","dialog":"${row.dialog}","shard":"${shard}"`;
  const people = `"from":${row.author},"to":${row.recipient},"client":${JSON.stringify(row.client)}`;
  const context = traceparent === undefined ? "" : `,"traceparent":"${traceparent}"`;
  const again = resend === true ? ',"resend":true' : "";
  return `${head},${people}${context}${again},"text":${JSON.stringify(row.text)}}`;
}

/** Microseconds are enough, and shorter on the wire. */
function round(milliseconds: number): number {
  return Math.round(milliseconds * 1_000) / 1_000;
}
