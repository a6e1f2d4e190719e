/** What a history can do wrong; defined in `docs/checker.md`. */
export const ANOMALY_KINDS = ["lost", "vanished", "stale", "duplicated", "reordered", "phantom"] as const;
export type AnomalyKind = (typeof ANOMALY_KINDS)[number];

/** A line of the log that is part of a proof. */
export interface Witness {
  /** Number of the operation among those that were given, from 0. */
  readonly operation: number;
  /** What it says, for people. */
  readonly says: string;
}

/** One message that is wrong, and the fewest lines that prove it. */
export interface Anomaly {
  readonly kind: AnomalyKind;
  /** `smaller_larger` of the user ids. */
  readonly dialog: string;
  /** One sentence. */
  readonly says: string;
  /** In the order of their moments. */
  readonly witnesses: readonly Witness[];
}

/** Something wrong, told when somebody wants to know: of millions only the first few are put into words. */
export interface Fault {
  readonly kind: AnomalyKind;
  readonly tell: () => Omit<Anomaly, "kind" | "dialog">;
}

/** What was checked, and what was found. */
export interface HistoryVerdict {
  readonly operations: number;
  readonly dialogs: number;
  /** Messages that were sent. */
  readonly messages: number;
  /** Pages of history that were read. */
  readonly pages: number;
  /**
   * Dialogs with acknowledged messages that no complete read, begun after the last of them, went through to its end:
   * what they lack nobody knows.
   */
  readonly unread: number;
  /** Messages that moved to a later id once, as the protocol allows while their author had no acknowledgement. */
  readonly twins: number;
  /** Messages by what is wrong with them. */
  readonly anomalies: Readonly<Record<AnomalyKind, number>>;
  /** The first few of each kind. */
  readonly evidence: readonly Anomaly[];
  /** Elementary steps that the check took: they grow with the operations, not faster. */
  readonly steps: number;
}
