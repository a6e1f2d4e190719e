/** Every k6 metric of the scenarios. Counters count all phases; trends are milliseconds and tagged with the phase. */
export const COUNTERS = {
  planned: "hotshard_planned",
  sent: "hotshard_sent",
  acked: "hotshard_acked",
  /**
   * Σ of the first 24 bits of md5(`dialog:author:client`) of the acknowledged messages, to hold against the databases'.
   */
  auditSum: "hotshard_audit_sum",
  refused: "hotshard_refused",
  unknown: "hotshard_unknown",
  /** Due, and never sent as their author had no connection. */
  notConnected: "hotshard_not_connected",
  /** Refused, of unknown outcome, or not sent for want of a connection. */
  failed: "hotshard_failed",
  /**
   * Of a closed model, whose messages nobody can count beforehand: failed ones beyond what MAX_ERRORS allows of those
   * made.
   */
  failedBeyond: "hotshard_failed_beyond",
  /** Messages of the hot pair or inbox. */
  hotOffered: "hotshard_hot_offered",
  delivered: "hotshard_delivered",
  offline: "hotshard_offline",
  duplicated: "hotshard_duplicated",
  reordered: "hotshard_reordered",
  /** Connections that were refused or lost. */
  connectionFailures: "hotshard_connection_failures",
  /** sent − acked − refused − unknown: anything but 0 is a fault of the generator's books. */
  unaccounted: "hotshard_unaccounted",
  /** Acknowledged to recipients with a connection − delivered; VUs add parts of either sign, the sum must be 0. */
  undelivered: "hotshard_undelivered",
  /** VUs that were not connected when the schedule started: their users looked offline. */
  lateVus: "hotshard_vus_late",
  /** VUs that came to their end: an exception in a handler fails no run by itself. */
  finished: "hotshard_vus_finished",
} as const;

export const TRENDS = {
  delivery: "hotshard_delivery",
  service: "hotshard_service",
  commit: "hotshard_commit",
  sendLag: "hotshard_send_lag",
} as const;

/** Labels that a script declares when it was not told the server's: k6 cannot ask before it declares thresholds. */
export const MOST_SHARDS = 64;

/** The name under which k6 keeps the samples of one shard's measured phase. */
export function ofShard(metric: string, label: string): string {
  return `${metric}{phase:measure,shard:${label}}`;
}

/** The name under which k6 keeps the samples of the measured phase. */
export function measured(metric: string): string {
  return `${metric}{phase:measure}`;
}

/** The name under which k6 keeps a counter of one shard. */
export function countOfShard(metric: string, label: string): string {
  return `${metric}{shard:${label}}`;
}
