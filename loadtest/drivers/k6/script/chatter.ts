import { md5 } from "k6/crypto";
import { ERRORS } from "../../../../server/protocol/errors.ts";
import type { AckFrame, ErrorFrame, MessageFrame, ServerFrame } from "../../../../server/protocol/frames.ts";
import type { BalanceSheet } from "../../../measurement/delivery-balance.ts";
import { clientId, NO_ANSWER, NOT_CONNECTED, outcomeOf } from "../../../measurement/failed-messages.ts";
import { auditBits, auditKey } from "../../../measurement/audit-key.ts";
import { OPERATIONS, type OperationLog } from "../../../measurement/operations.ts";
import type { Action, Story } from "../../../traffic/contract.ts";
import type { Outbound, Receipt } from "../../../measurement/receipts.ts";
import { createOutbound, createReceipt, receive, settle } from "../../../measurement/receipts.ts";
import type { GapBins } from "../../../measurement/gap-bins.ts";
import type { Source } from "../../../traffic/source.ts";
import type { Phase, Stamp } from "../../../traffic/text.ts";
import { phaseAt, readText } from "../../../traffic/text.ts";
import type { Clock } from "./clock.ts";
import type { Recorder } from "./recorder.ts";

/** A user of a closed model without a connection tries again after so long, ms: as the Node driver has it. */
const TRY_AGAIN_MS = 100;

interface Pending {
  readonly at: number;
  readonly author: number;
  readonly to: number;
  readonly seq: number;
  readonly outbound: Outbound;
  readonly phase: Phase;
  readonly bytes: number;
}

export interface ChatterOptions {
  readonly story: Story;
  readonly runId: string;
  readonly warmupS: number;
  readonly clock: Clock;
  readonly recorder: Recorder;
  readonly gaps: GapBins;
  readonly balance: BalanceSheet;
  readonly writeText: (stamp: Stamp) => string;
  /** Told of each answer. */
  readonly source: Pick<Source, "answered">;
  /** Told of each operation; null: nobody wants them. */
  readonly log: OperationLog | null;
  readonly isOpen: (user: number) => boolean;
  readonly send: (user: number, frame: string) => void;
}

/** The books of one VU: what it sent, what came of it, and what its users received. */
export interface Chatter {
  /** Sends a planned message now, or counts it when its author has no connection. */
  readonly send: (planned: Action) => void;
  /** @param readAt when the frames were read from the socket, `now` when they are handled */
  receive(reader: number, frames: readonly ServerFrame[], readAt: number, now: number): void;
  /** Messages without an answer. */
  waiting(): number;
  /** Longest time from intended moment to answer so far, milliseconds. */
  slowest(): number;
  /** The author's connection is gone: what it still waited for will never be answered. */
  abandon(author: number): void;
  /** Gives up on what has no answer yet. */
  settleAll(): void;
}

export function createChatter(options: ChatterOptions): Chatter {
  const { story, runId, warmupS, clock, log, recorder, source, writeText } = options;
  const pending = new Map<string, Pending>();
  const outbounds = new Map<number, Outbound>();
  const receipts = new Map<number, Receipt>();
  const stride = story.users + 1;
  let slowest = 0;

  function onAck(frame: AckFrame, readAt: number): void {
    const message = pending.get(frame.id);
    if (message === undefined) {
      countError("UNEXPECTED_ACK");
      return;
    }
    pending.delete(frame.id);
    source.answered(readAt);
    settle(message.outbound, message.seq);
    log?.add(OPERATIONS.acknowledged, readAt, message.author, message.to, message.seq, frame.message);
    if (readAt - message.at > slowest) slowest = readAt - message.at;
    const shard = recorder.shard(frame.shard);
    shard.acked += 1;
    shard.bytes += message.bytes;
    shard.sum += auditBits(md5(auditKey(frame.dialog, message.author, frame.id), "hex"));
    if (message.to > story.online) {
      recorder.tally.offline += 1;
      shard.offline += 1;
    } else options.balance.acknowledged(message.to, message.at);
    recorder.commit(frame.shard, message.phase, frame.stages.commit);
  }

  function countError(code: string): void {
    const { errors } = recorder.tally;
    errors[code] = (errors[code] ?? 0) + 1;
  }

  function onError(frame: ErrorFrame, readAt: number): void {
    const code = frame.code in ERRORS ? frame.code : "UNLISTED";
    countError(code);
    const message = frame.id === undefined ? undefined : pending.get(frame.id);
    if (message === undefined || frame.id === undefined) return;
    pending.delete(frame.id);
    source.answered(readAt);
    fail(code, message);
    if (outcomeOf(code) === "refused") settle(message.outbound, message.seq);
  }

  function fail(code: string, { at, author, to, seq }: Pick<Pending, "at" | "author" | "to" | "seq">): void {
    const { tally } = recorder;
    const outcome = outcomeOf(code);
    if (outcome === "unsent") tally.notConnected += 1;
    else tally[outcome] += 1;
    tally.failed.push([code, Math.floor(at), author, to, seq]);
    if (outcome === "unsent") return;
    log?.add(outcome === "refused" ? OPERATIONS.refused : OPERATIONS.unknown, clock.now(), author, to, seq, code);
  }

  function onMessage(reader: number, frame: MessageFrame, readAt: number): void {
    // Another run's, or somebody else's.
    if (!frame.client.startsWith(`${runId}-`)) return;
    const stamp = readText(frame.text);
    if (stamp === null || frame.from === reader) return;
    if (frame.to === reader) log?.add(OPERATIONS.received, readAt, frame.from, reader, stamp.seq, frame.message);
    const pair = frame.from * stride + reader;
    let receipt = receipts.get(pair);
    if (receipt === undefined) receipts.set(pair, (receipt = createReceipt()));
    const arrival = receive(receipt, stamp.seq, stamp.settled);
    if (arrival === "duplicate") {
      // The twin of a message that its author sent again is what the protocol promises.
      if (frame.resend !== true) recorder.tally.duplicated += 1;
      return;
    }
    if (arrival === "reordered") recorder.tally.reordered += 1;
    recorder.tally.delivered += 1;
    options.balance.delivered(reader, stamp.intended);
    const hot = story.isHot(frame.from, reader);
    recorder.delivery(frame.shard, stamp.phase, hot, readAt - stamp.intended, readAt - stamp.sent);
  }

  return {
    send(planned) {
      if (planned.do === "noop") return recorder.noop(phaseAt(planned.at, warmupS), clock.now() - planned.at);
      const { at, target: to, user: author } = planned;
      recorder.tally.planned += 1;
      options.gaps.sent(at);
      if (story.isHot(author, to)) recorder.tally.hotOffered += 1;
      if (!options.isOpen(author)) {
        fail(NOT_CONNECTED, { at, author, to, seq: 0 });
        source.answered(clock.now() + TRY_AGAIN_MS);
        return;
      }
      const pair = author * stride + to;
      let outbound = outbounds.get(pair);
      if (outbound === undefined) outbounds.set(pair, (outbound = createOutbound()));
      outbound.seq += 1;
      // As in the Node driver: the same messages whoever makes them, so that their sums are the same.
      const client = clientId(runId, author, to, outbound.seq);
      const phase = phaseAt(at, warmupS);
      const now = clock.now();
      const stamp = { seq: outbound.seq, settled: outbound.answered.low, intended: at, sent: now, phase } as const;
      const text = writeText(stamp);
      pending.set(client, { at, author, to, seq: outbound.seq, outbound, phase, bytes: text.length });
      options.send(author, `{"type":"send","id":"${client}","to":${to},"text":"${text}"}`);
      recorder.tally.sent += 1;
      log?.add(OPERATIONS.invoked, now, author, to, outbound.seq);
      recorder.sendLag(phase, now - at);
    },
    receive(reader, frames, readAt, now) {
      recorder.handlerLag(readAt, now - readAt);
      for (const frame of frames) {
        if (frame.type === "ack") onAck(frame, readAt);
        else if (frame.type === "message") onMessage(reader, frame, readAt);
        else if (frame.type === "error") onError(frame, readAt);
      }
    },
    waiting: () => pending.size,
    slowest: () => slowest,
    abandon(author) {
      for (const [client, message] of pending) {
        if (message.author !== author) continue;
        pending.delete(client);
        fail(NO_ANSWER, message);
        source.answered(clock.now());
      }
    },
    settleAll() {
      for (const message of pending.values()) fail(NO_ANSWER, message);
      pending.clear();
    },
  };
}
