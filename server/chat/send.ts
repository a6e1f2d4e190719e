import { dialogId } from "../placement/dialog.ts";
import type { SendFrame } from "../protocol/frames.ts";
import type { Probe } from "../observability/probe.ts";
import type { Committed, Failed } from "../shards/row-queue.ts";
import { rowBytes } from "../shards/shard.ts";
import type { Follower } from "../topology/follower.ts";
import type { Views } from "../topology/view.ts";
import type { OrderedIds } from "../topology/ids.ts";
import type { Deliver } from "./deliver.ts";
import { ackFrame } from "./frame-text.ts";
import type { ReadQueue } from "./read-queue.ts";
import { createResend } from "./resend.ts";
import { Sending, type Decoded, type DirectFrame } from "./sending.ts";
import type { Session } from "./session.ts";

/** A frame could not be answered, for no reason that was foreseen. */
export type Fault = (session: Session, error: unknown, id?: string) => void;

export interface SendParts {
  readonly views: Views;
  readonly ids: OrderedIds;
  readonly follower: Pick<Follower, "change" | "refresh" | "seal">;
  readonly deliver: Deliver;
  readonly probe: Probe;
  readonly reads: ReadQueue;
  readonly fault: Fault;
}

/** The way of a message, as those who settle it need it. */
export interface Way {
  /** Places it and queues it for its shard. */
  store(sending: Sending): void;
  acknowledge(sending: Sending, stored: Committed): void;
  refuse(sending: Sending, why: Failed): void;
  /** By a fault of the server. */
  fail(sending: Sending, error: unknown): void;
}

/** Changes of the topology that one message waits for. */
const MOST_WAITS = 8;
/** The state that gives out ids cannot be reached. */
const NO_GRANT: Failed = { error: "STALE_TOPOLOGY", detail: "this server may mint no message ids now" };

/**
 * The way of a message after it was validated: place → queue → commit → ack + deliver. Nothing is acknowledged or
 * delivered before its commit.
 */
export function createSend(parts: SendParts) {
  const { deliver, fault, follower, ids, probe, views } = parts;
  const resend = createResend(parts, { acknowledge, fail, refuse, store });

  function acknowledge(sending: Sending, stored: Committed): void {
    sending.session.send(ackFrame(sending.row!, sending.shard!.label, stored));
    probe.committed(sending, stored);
  }

  function refuse(sending: Sending, why: Failed): void {
    const where = sending.shard === null ? "" : `shard ${sending.shard.label}: `;
    sending.place?.leave();
    sending.session.refuse(why.error, `${where}${why.detail}`, sending.frame.id);
    probe.refused(sending, why);
  }

  function fail(sending: Sending, error: unknown): void {
    sending.place?.leave();
    fault(sending.session, error, sending.frame.id);
    probe.refused(sending, { error: "INTERNAL" });
  }

  function settle(sending: Sending, outcome: Committed | Failed): void {
    // The writer has more to answer.
    try {
      if ("error" in outcome)
        return resend.mayFollow(sending, outcome) ? resend.follow(sending) : refuse(sending, outcome);
      if (outcome.duplicate && sending.place !== null) return resend.repeat(sending, outcome);
      sending.place?.leave();
      acknowledge(sending, outcome);
      if (!outcome.duplicate) deliver.first(sending);
    } catch (error) {
      fault(sending.session, error, sending.frame.id);
    }
  }

  function store(sending: Sending): void {
    const { frame, user } = sending;
    const start = performance.now();
    const dialog = dialogId(user, frame.to);
    const id = ids.next();
    if (id === null) return wait(sending);
    const shard = views.current().place({ dialog, id, author: user, client: frame.id });
    const row = sending.put(shard, dialog, id.toString());
    probe.placed(sending, start, performance.now());
    const refusal = shard.writer.enqueue(row, rowBytes(row), sending);
    if (refusal !== null) refuse(sending, refusal);
  }

  /** While the topology goes on there may be no ids for a moment, until they are granted above its boundary. */
  function wait(sending: Sending): void {
    const change = follower.change();
    if (change === null || sending.waits === MOST_WAITS) return refuse(sending, NO_GRANT);
    sending.waits += 1;
    // However it ended: the next look finds out where the topology is.
    void change
      .catch(() => undefined)
      .then(() => {
        try {
          // Its author may have sent it again meanwhile, to another shard by another server.
          resend.look(sending);
        } catch (error) {
          fail(sending, error);
        }
      });
  }

  return function send(session: Session, user: number, frame: SendFrame, decoded: Decoded): void {
    if (!isDirect(frame)) {
      session.refuse("NOT_FOUND", `there is no group ${frame.group}`, frame.id);
      return;
    }
    if (frame.after !== undefined && !ids.after(BigInt(frame.after))) {
      session.refuse("BAD_FRAME", "`after` is an id that no server can have given out yet", frame.id);
      return;
    }
    const sending = new Sending(settle, session, user, frame, decoded);
    if (sending.resend) resend.send(sending);
    else store(sending);
  };
}

function isDirect(frame: SendFrame): frame is DirectFrame {
  return frame.to !== undefined;
}
