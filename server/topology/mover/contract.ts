import type { ShardMoves } from "../../shards/moves.ts";
import type { Placed } from "../document.ts";
import type { NodeClock } from "../event.ts";
import type { Work } from "../state.ts";

/** What a mover sees of the shared state. */
export interface Moving extends Pick<Placed, "out" | "token" | "topology" | "work"> {
  /** Whether the node that does the work may still be alive: its grant is not over. */
  readonly isBusy: boolean;
}

/** The shared state. Each change is one compare-and-set; what `change` throws is thrown, and nothing changes. */
export interface MoverState {
  read(): Promise<Moving>;
  /** @param change fields that are absent stay. @returns the state after it */
  update(change: (now: Moving) => Partial<Pick<Moving, "out" | "token" | "work">>): Promise<Moving>;
  /** The same with a new topology, which this node follows at once: every shard that is up is sealed for it. */
  publish(change: (now: Omit<Moving, "isBusy">) => Pick<Moving, "topology" | "work">): Promise<Moving>;
}

/** A shard whose rows are moved. */
export interface MoverShard extends ShardMoves {
  readonly label: string;
  /** Raises the epoch and what is closed; lowers neither. */
  seal(epoch: number, closedBelow: bigint): Promise<void>;
  reading(): { readonly storedRows: number };
}

export interface MoverParts {
  readonly state: MoverState;
  /** All that the topology names. */
  readonly shards: () => readonly MoverShard[];
  readonly self: () => { readonly node: number; readonly incarnation: number };
  readonly clock: NodeClock;
  /** 99th percentile of how long a shard's recent commits took, ms; null when there were too few to say. */
  readonly p99Ms: (label: string) => number | null;
  /** False: as fast as it goes, whatever that does to the latency of messages. Default true. */
  readonly isThrottled?: () => boolean;
  /** Rows that are read at a time, at most `MOVED_ROWS`, the default. */
  readonly chunkRows?: number;
  /** Chunks after which the state is told how far the work has come. Default 16. */
  readonly chunksPerSave?: number;
}

/** How far a work is. */
export interface MoverReading {
  readonly kind: Work["kind"];
  readonly phase: Work["phase"];
  /** Rows that were looked at in this phase, and of these moved or removed. */
  readonly seen: number;
  readonly moved: number;
  /** Rows that there are to look at, about, as the shards said before; null for a return, which looks at new ones. */
  readonly total: number | null;
  /** Looked at, by this mover in this phase; 0 at first. */
  readonly rowsPerSecond: number;
  /** At that rate, until the end of this phase; null while that cannot be said. */
  readonly remainingSeconds: number | null;
  /** Share of the time in which it works, 0 to 1; the rest is a pause for the sake of messages. */
  readonly duty: number;
}

/** What was done, with what was done before by works that were gone on with, as far as in the same phase. */
export interface MoveReport {
  readonly copied: number;
  readonly removed: number;
  /** Rows that lie on a shard that does not own them and whose owner has no equal one: left where they are. */
  readonly kept: number;
}

export type MoverErrorCode =
  /** Another mover has taken over. */
  | "MOVER_LOST"
  /** It was told to stop. */
  | "MOVER_STOPPED"
  /** Another message is where a copy must go. */
  | "COPY_CLASH"
  /** A copy is not what it was copied from. */
  | "COPY_DIFFERS"
  /** A shard has forgotten the token that it was given: it is an older copy of itself. */
  | "SHARD_WENT_BACK"
  /** The topology names a shard that this node does not have. */
  | "NO_SHARD"
  /** Another node moves rows, or this one does. */
  | "WORK_UNDER_WAY"
  /** A shard that was taken out is not back: that goes first. */
  | "SHARD_OUT"
  | "NOTHING_TO_DO";

/** Why a work ended before its end. What it did stays, and it goes on from there when it is begun again. */
export class MoverError extends Error {
  readonly code: MoverErrorCode;
  constructor(code: MoverErrorCode, message: string) {
    super(message);
    this.name = "MoverError";
    this.code = code;
  }
}
