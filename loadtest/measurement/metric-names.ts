/**
 * Every metric of a generator, by its name in k6; a Prometheus has them as `k6_NAME_total`. Counters count all phases.
 */
export const COUNTERS = {
  planned: "hotshard_planned",
  sent: "hotshard_sent",
  /** Tries beyond the first of messages that failed for now. */
  resent: "hotshard_resent",
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

export type CounterName = keyof typeof COUNTERS;

/** Durations: in k6 trends of milliseconds, in a Prometheus `k6_NAME_seconds`, native histograms. */
export const TRENDS = {
  delivery: "hotshard_delivery",
  service: "hotshard_service",
  commit: "hotshard_commit",
  sendLag: "hotshard_send_lag",
} as const;
