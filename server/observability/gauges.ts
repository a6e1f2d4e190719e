import type { Exposition } from "./exposition.ts";
import type { PushCounts } from "./push-link.ts";
import { CONNECTION_STATES, HOT_RANKS, PUSH_RESULTS } from "./metric-names.ts";
import { readingOf, readingsOf } from "./series.ts";

export type ConnectionStates = Readonly<Record<(typeof CONNECTION_STATES)[number], number>>;

/** What the metrics read when they are scraped. */
export interface MetricSources {
  connectionStates(): ConnectionStates;
  epoch(): number;
  /** Of the topology. */
  segments(): number;
  /** Shares of the most frequent dialogs, descending. */
  hotShares(): readonly number[];
  logLines(): PushCounts;
  linesLost(): number;
  traces(): PushCounts;
  liveStreams(): number;
  /** How far messages are moved between shards; null while none are. */
  move(): Move | null;
}

/** What this server moves. */
export interface Move {
  readonly seen: number;
  /** Null where that cannot be said, as `remainingSeconds`. */
  readonly total: number | null;
  readonly rowsPerSecond: number;
  readonly remainingSeconds: number | null;
}

/** The metrics whose values others hold, but for those of shards. */
export function registerGauges(exposition: Exposition, sources: MetricSources): void {
  readingOf(exposition, "chat_topology_epoch", () => sources.epoch());
  readingOf(exposition, "chat_topology_segments", () => sources.segments());
  readingOf(exposition, "chat_connections", () => {
    const { closing, greeting, open } = sources.connectionStates();
    return greeting + open + closing;
  });
  const states = CONNECTION_STATES.map((state) => ({ state }));
  readingsOf(
    exposition,
    "chat_connections_by_state",
    states,
    (at) => sources.connectionStates()[CONNECTION_STATES[at]!],
  );
  let shares: readonly number[] = [];
  const ranks = HOT_RANKS.map((rank) => ({ rank }));
  readingsOf(exposition, "chat_hot_dialog_share", ranks, (index) => {
    if (index === 0) shares = sources.hotShares();
    return shares[index] ?? 0;
  });
  const results = PUSH_RESULTS.map((result) => ({ result }));
  readingsOf(exposition, "chat_log_lines_total", results, (index) => sources.logLines()[PUSH_RESULTS[index]!]);
  readingOf(exposition, "chat_log_lines_lost_total", () => sources.linesLost());
  readingsOf(exposition, "chat_traces_total", results, (index) => sources.traces()[PUSH_RESULTS[index]!]);
  readingOf(exposition, "chat_move_seen_rows", () => sources.move()?.seen ?? 0);
  readingOf(exposition, "chat_move_expected_rows", () => sources.move()?.total ?? 0);
  readingOf(exposition, "chat_move_rows_per_second", () => sources.move()?.rowsPerSecond ?? 0);
  readingOf(exposition, "chat_move_remaining_seconds", () => sources.move()?.remainingSeconds ?? 0);
  readingOf(exposition, "chat_live_streams", () => sources.liveStreams());
}
