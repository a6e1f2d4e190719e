import type { Absence, DeliveryBalance } from "./delivery-balance.ts";
import type { FailedMessages } from "./failed-messages.ts";
import type { HistogramData } from "./histogram.ts";
import type { PackedHistogram } from "./packed-histogram.ts";
import type { Rehearsed } from "./rehearsed.ts";

/** What the generator saw of one shard. Histograms hold milliseconds of the measured phase only; counts all phases. */
export interface ShardMeasurement {
  readonly acked: number;
  /** Acked messages whose recipient never connects. */
  readonly offline: number;
  /** Σ over acked messages of the first 24 bits of md5(`dialog:author:client`). */
  readonly sum: number;
  /** UTF-8 bytes of the acked texts. */
  readonly bytes: number;
  /** Received − intended, by the recipient. */
  readonly delivery: HistogramData;
  /**
   * Received − handed to the socket, by the recipient: `delivery` less the send lag. The moment stands in the text,
   * which is written as it is handed over.
   */
  readonly service: HistogramData;
  /** As `delivery`, only of dialogs that the story does not make hot. */
  readonly innocent: HistogramData;
  /** `stages.commit` of the acks. */
  readonly commit: HistogramData;
}

/**
 * One second of one shard, by the second in which the ack or the message was received; of long runs several (see
 * `slice-keeper.ts`). The histograms of a shard's slices add up to those of its `ShardMeasurement`.
 */
export interface Slice {
  /** Whole seconds since the start of the schedule. */
  readonly second: number;
  /** Its length, a power of 2; absent: 1. */
  readonly seconds?: number;
  readonly shard: string;
  readonly acked: number;
  /** Messages that belong to this shard, were due in this time, and failed, by code; absent: none. */
  readonly failed?: Readonly<Record<string, number>>;
  /** Delivery in milliseconds of all messages received in this time, warm-up included; null when there were none. */
  readonly deliveryMs: { readonly p50: number; readonly p95?: number; readonly p99: number } | null;
  /** Deliveries of the warm-up; absent when there were none. */
  readonly warmup?: PackedHistogram;
  /** Deliveries of the measured phase. Absent, as `commit`, in files of early versions. */
  readonly delivery?: PackedHistogram;
  /** `stages.commit` of the acks of the measured phase. */
  readonly commit?: PackedHistogram;
}

export interface UnknownMessage {
  readonly dialog: string;
  readonly author: number;
  readonly client: string;
}

/** All that a driver hands over. Every driver MUST count the same things the same way. */
export interface Measurement {
  readonly driver: "node" | "k6";
  /** ISO 8601 UTC of the start of the schedule. */
  readonly startedAt: string;
  readonly interrupted: boolean;
  /** The schedule was ended before its time, as nothing more was to be learned: at this second after its start. */
  readonly cutAtS?: number;
  /** Messages that the schedule held for the time that was driven. */
  readonly planned: number;
  readonly sent: number;
  /** Tries beyond the first of messages that failed for now, of stories whose clients send again. */
  readonly resent: number;
  readonly refused: number;
  /** Sent, and neither acked nor refused when the drain ended. */
  readonly unknown: number;
  /** Due, and never sent as the generator was late or was stopped. */
  readonly late: number;
  /** Due, and never sent as their author had no connection. */
  readonly notConnected: number;
  /** Every message that was refused, of unknown outcome, or not sent for want of a connection. */
  readonly failed: FailedMessages;
  /** Error frames by code. */
  readonly errors: Readonly<Record<string, number>>;
  /** Messages of the hot pair or inbox that were sent, or due without a connection. */
  readonly hotOffered: number;
  /** Distinct messages that reached the recipient's connection. */
  readonly delivered: number;
  /** Acked messages whose recipient never connects. */
  readonly offline: number;
  /** What readers who connect were acknowledged and did not get, by reader and time. */
  readonly balance: DeliveryBalance;
  /** When readers who connect had no connection, in the time of the schedule. */
  readonly absences: readonly Absence[];
  /** Received a second time, by (author, client id). */
  readonly duplicated: number;
  /** Received after a message that was sent when this one had already been acknowledged. */
  readonly reordered: number;
  /** Of a story with windows. */
  readonly rehearsed?: Rehearsed;
  readonly shards: Readonly<Record<string, ShardMeasurement>>;
  readonly slices: readonly Slice[];
  readonly generator: {
    /** Moment at which a message was handed to its socket, less the intended one, milliseconds, measured phase. */
    readonly sendLag: HistogramData;
    /** Handler's moment − the socket's read moment, milliseconds, measured phase. */
    readonly handlerLag: HistogramData;
    /** How late actions of nothing came, milliseconds, measured phase: what the harness itself is late by. */
    readonly floor?: HistogramData;
    /**
     * Busy share of one core of the thread that generates, 0…1 and above for several threads; of several Node processes
     * that of the busiest.
     */
    readonly cpu: number;
    /** Largest jump of the wall clock against one that cannot be set, ms; absent when the driver cannot tell. */
    readonly clockJumpMs?: number;
    /** Gaps between the intended moments of messages, by bin of equal chance (`gap-bins.ts`). */
    readonly gaps?: readonly number[];
    /** Processes that generated; absent: 1. */
    readonly processes?: number;
    /** Of these, those that died: what they measured is not in here. One sentence each. */
    readonly lost?: readonly string[];
    /** What a Prometheus did not take of the series while the run went on. One sentence each; absent: it took all. */
    readonly unwritten?: readonly string[];
  };
}
