import type { SeenChanges } from "../../analysis/result/seen-changes.ts";
import type { Plug } from "../shards/plug.ts";
import { createResharding, createShardLoss } from "./rehearsal.ts";
import type { Topology } from "../../../server/placement/contract.ts";
import type { Progress } from "../../drivers/contract.ts";
import type { Measurement } from "../../measurement/measurement.ts";
import { createReaders } from "./readers.ts";
import type { Result } from "../../analysis/result/result.ts";
import { createSoakWatch } from "./soak-watch.ts";
import type { Dials } from "../../traffic/contract.ts";

export interface CompanionOrder {
  readonly scenario: string;
  readonly dials: Dials;
  /** Chat of the server. */
  readonly url: string;
  readonly secret: string;
  readonly topology: Topology;
  /** Takes a shard away; absent: none is. */
  readonly plug?: Plug | null;
  /** URL of a shard that is added; absent: none is. */
  readonly add?: string | null;
}

/** What a companion leaves. */
export interface CompanionOutcome {
  /** What it adds to the result. */
  readonly adds: Partial<Result>;
  /** Why the readers did not read to the end; absent: they did, or there were none. */
  readonly readersLost?: string;
  /** What became of the shards; absent: nobody looked. */
  readonly seen?: SeenChanges;
}

/** What goes on beside the generator in some scenarios, and adds to the result. */
export interface Companion {
  /** Told of the progress of the run, about once a second. */
  progress(progress: Progress): void;
  /** Ends it. */
  end(measurement: Measurement | null): Promise<CompanionOutcome>;
}

const NONE: Companion = { progress: () => {}, end: async () => ({ adds: {} }) };
const COMPANIONS: Readonly<Record<string, (order: CompanionOrder) => Companion>> = {
  history: createReaders,
  soak: createSoakWatch,
  reshard: createResharding,
  "shard-loss": createShardLoss,
};

/** @returns the scenario's companion; one that does nothing for most */
export function companionOf(order: CompanionOrder): Companion {
  return COMPANIONS[order.scenario]?.(order) ?? NONE;
}
