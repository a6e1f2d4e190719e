import type { Measurement } from "../measurement/measurement.ts";
import type { P99SoFar } from "../measurement/p99-so-far.ts";
import type { Dials } from "../traffic/contract.ts";

/** Where and what to drive. */
export interface DriveOrder {
  /** Made afresh for every run, never from the seed: 10 characters of [a-z0-9]; client message ids start with it. */
  readonly runId: string;
  readonly scenario: string;
  readonly dials: Dials;
  /** WebSocket address of the chat, `ws://127.0.0.1:8086/chat`. */
  readonly url: string;
  readonly secret: string;
  /** Shard labels as the server names them. */
  readonly shards: readonly string[];
  /** Processes that share the story's lanes out; absent: 1. There are never more than lanes. */
  readonly generators?: number;
  /** Where generators write their series by remote write, `http://127.0.0.1:9090/api/v1/write`; absent: nowhere. */
  readonly prometheus?: string;
  /** Keeps the operations of this share of the dialogs, in (0, 1], in the folder; absent: of none. */
  readonly operations?: { readonly folder: string; readonly share: number };
  /** Called about once a second while the run goes on. */
  readonly onProgress?: (progress: Progress) => void;
  /** Shown the measurement as it stands while the run goes on. */
  readonly watch?: {
    /** Seconds between two looks. */
    readonly everyS: number;
    /** @param elapsedS whole seconds since the start of the schedule that its slices hold */
    readonly onMeasured: (soFar: Measurement, elapsedS: number) => void;
  };
  /** Aborting ends the schedule: what is due is still sent, and answers are waited for, as at its own end. */
  readonly cut?: AbortSignal;
  /** Aborting stops sending, drains, and returns what was measured with `interrupted`. */
  readonly signal?: AbortSignal;
}

export interface Progress {
  readonly phase: "connect" | "warmup" | "measure" | "drain";
  /** Seconds since the start of the schedule; negative while connecting. */
  readonly elapsedS: number;
  readonly totalS: number;
  /** Acknowledged messages per shard label since the start. */
  readonly acked: Readonly<Record<string, number>>;
  readonly sent: number;
  /** Acknowledged messages per second over the last interval. */
  readonly rate: number;
  /** p99's of the measured phase so far, of the worst of several generators; absent before its first delivery. */
  readonly p99Ms?: P99SoFar;
}

/** A generator of load. One file per driver; the registry is `registry.ts`. */
export interface Driver {
  readonly name: "node" | "k6";
  /** @returns null when it can run here, else the reason and the remedy in one sentence */
  unavailable(): Promise<string | null>;
  drive(order: DriveOrder): Promise<Measurement>;
}
