import type { Envelope } from "../observability/probe.ts";
import type { SendFrame } from "../protocol/frames.ts";
import type { MessageRow } from "../shards/contract.ts";
import type { Committed, Failed, Origin } from "../shards/row-queue.ts";
import type { Shard } from "../shards/shard.ts";
import type { Place } from "./read-queue.ts";
import type { Session } from "./session.ts";

/** A `send` whose dialog is known: `to` is given. */
export type DirectFrame = SendFrame & { readonly to: number };

/** When a frame began to be decoded and when it was found valid, ms on the clock of `performance`. */
export interface Decoded {
  readonly from: number;
  readonly to: number;
}

/** What becomes of a message after its commit. */
export type Settle = (sending: Sending, outcome: Committed | Failed) => void;

/**
 * A `send` until it is answered and delivered: the only object that is made for a message beside its frame and its row.
 * A class, so that the writer can tell it what became of the row without a closure.
 */
export class Sending implements Envelope, Origin {
  readonly session: Session;
  readonly user: number;
  readonly frame: DirectFrame;
  readonly connection: string;
  readonly resend: boolean;
  readonly decodedFrom: number;
  readonly decodedTo: number;
  traceparent: string | undefined;
  trace: Envelope["trace"] = undefined;
  row: MessageRow | null = null;
  shard: Shard | null = null;
  readers = 0;
  twins = 0;
  /** Of a message that is sent again: what its reads, and their number, are bounded by. */
  place: Place | null = null;
  /** How often it waited for a change of the topology. */
  waits = 0;
  /** How often it was taken to another place, as the topology had gone on. */
  followed = 0;
  readonly #settle: Settle;

  constructor(settle: Settle, session: Session, user: number, frame: DirectFrame, decoded: Decoded) {
    this.#settle = settle;
    this.session = session;
    this.user = user;
    this.frame = frame;
    this.connection = session.id;
    this.resend = frame.resend === true;
    this.decodedFrom = decoded.from;
    this.decodedTo = decoded.to;
    this.traceparent = frame.traceparent;
  }

  /** It has a shard. @param id message id */
  put(shard: Shard, dialog: string, id: string): MessageRow {
    const { client, recipient, text } = { client: this.frame.id, recipient: this.frame.to, text: this.frame.text };
    this.shard = shard;
    this.row = { dialog, id, author: this.user, recipient, client, text, connection: this.connection };
    return this.row;
  }

  settle(outcome: Committed | Failed): void {
    this.#settle(this, outcome);
  }
}
