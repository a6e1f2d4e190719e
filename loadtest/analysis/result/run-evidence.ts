import type { AuditDialogsReply, AuditMessageReply, AuditReply, ShardsReply } from "../../../server/protocol/http.ts";
import type { SeenChanges } from "./seen-changes.ts";
import type { Measurement } from "../../measurement/measurement.ts";
import type { Machine } from "./machine-schema.ts";
import type { Aim, Dials } from "../../traffic/contract.ts";

/** When a run ends before its time: a threshold is lost for good; or that, or all of them are known well enough. */
export const STOP_WHEN = ["lost", "known"] as const;
export type StopWhen = (typeof STOP_WHEN)[number];

/** Why a run ended before its time. */
export interface EarlyStop {
  readonly why: StopWhen;
  /** Of `lost` the first one that is, of `known` all. */
  readonly thresholds: readonly string[];
}

/** Everything known of a finished run. */
export interface RunEvidence {
  /** Version of hotshard that drove it. */
  readonly hotshard: string;
  readonly runId: string;
  readonly scenario: string;
  readonly dials: Dials;
  /** The dials as they were aimed at the server's shards; absent: none said an effect. */
  readonly aim?: Aim;
  /** The command line that makes the same run. */
  readonly command: string;
  /** Where the generator ran. */
  readonly machine: Machine;
  readonly url: string;
  readonly measurement: Measurement;
  /** Why the schedule was ended before its time; absent: it was not. */
  readonly stop?: EarlyStop;
  /** `GET /v1/shards` before the first and after the last message. */
  readonly before: ShardsReply;
  readonly after: ShardsReply;
  /** Null: the server was gone. */
  readonly audit: AuditReply | null;
  readonly dialogs: AuditDialogsReply;
  /** The look-ups of `unknownMessages`, in their order. */
  readonly unknowns: readonly AuditMessageReply[];
  /** Why the server could not be asked after the run; absent: it could. */
  readonly serverGone?: string;
  /** That it answered, and could not count because of shards that it had lost; absent: none. */
  readonly shardsLost?: string;
  /** Share of the messages that may fail, 0…1; absent: what the story says, else a thousandth. */
  readonly maxErrors?: number;
  /** Why the readers of `history` did not read to the end; absent: they did, or there were none. */
  readonly readersLost?: string;
  /** What became of the shards while it went on; absent: nobody looked. */
  readonly seen?: SeenChanges;
}
