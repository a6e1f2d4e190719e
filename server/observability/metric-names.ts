/** What is known of a metric before it has a value. */
export interface MetricDescription {
  readonly type: "counter" | "gauge" | "histogram";
  /** Base unit of its values, in the plural. */
  readonly unit: string;
  /** Each takes its values from a closed set: nothing that a client sends becomes a label. */
  readonly labels: readonly string[];
  readonly help: string;
}

const describe =
  (type: MetricDescription["type"]) =>
  (unit: string, labels: string, help: string): MetricDescription => ({
    type,
    unit,
    labels: labels === "" ? [] : labels.split(","),
    help,
  });
const counter = describe("counter");
const gauge = describe("gauge");
const histogram = describe("histogram");

/** Every metric of the server. `docs/metrics.md` and `/metrics` are held to this table, in both directions. */
export const METRICS = {
  chat_shards: gauge("shards", "", "Shards of this server, those that are down too"),
  chat_topology_epoch: gauge("epochs", "", "Version of the topology"),
  chat_topology_segments: gauge("segments", "", "Segments of the topology; all but one wait for a rebalance"),
  chat_topology_changes_total: counter("changes", "kind", "Changes of the topology that this server has followed"),
  chat_topology_follow_seconds: histogram(
    "seconds",
    "",
    "From a newer topology that was read until ids go on from its boundary",
  ),
  chat_followed_messages_total: counter(
    "messages",
    "",
    "Messages that were looked up and placed again, as the topology had gone on",
  ),
  chat_move_seen_rows: gauge("rows", "", "Rows that a rebalance has looked at in its phase, else 0"),
  chat_move_expected_rows: gauge("rows", "", "Rows that a rebalance has to look at in its phase, else 0"),
  chat_move_rows_per_second: gauge("rows/second", "", "Rows that a rebalance looks at"),
  chat_move_remaining_seconds: gauge("seconds", "", "Until the phase of a rebalance ends, at its rate"),
  chat_shard_up: gauge("booleans", "shard", "1 while the shard takes messages, 0 while it is down"),
  chat_shard_writable: gauge("booleans", "shard", "1 while new messages may go to the shard, by the topology"),
  chat_shard_out: gauge("booleans", "shard", "1 from when the shard was lost until its history is shown again"),
  chat_messages_total: counter("messages", "shard,result", "Messages by shard and what became of them"),
  chat_resends_total: counter("messages", "shard", "Messages that the client marked as sent before"),
  chat_shard_operations_total: counter("operations", "shard,op,result", "Database operations"),
  chat_shard_operation_duration_seconds: histogram("seconds", "shard,op", "Duration of a database operation"),
  chat_shard_text_bytes_total: counter("bytes", "shard", "UTF-8 bytes of the texts of stored messages"),
  chat_shard_stored_rows: gauge("rows", "shard", "Messages in the database: counted rarely, and added up since"),
  chat_shard_stored_bytes: gauge("bytes", "shard", "Size of the database, when it was last asked"),
  chat_pool_connections: gauge("connections", "shard", "Open connections to the database (SQLite: its threads)"),
  chat_pool_wait_seconds: histogram("seconds", "shard", "Wait of an operation until a connection took it"),
  chat_stage_duration_seconds: histogram("seconds", "stage", "Duration of a stage, counted once for each message"),
  chat_writer_batch_rows: histogram("rows", "shard", "Rows of a commit"),
  chat_writer_queue_rows: gauge("rows", "shard", "Rows that wait for a commit"),
  chat_writer_queue_bytes: gauge("bytes", "shard", "Bytes that wait for a commit, as the queue's bound counts them"),
  chat_writer_queue_age_seconds: gauge("seconds", "shard", "Age of the oldest message that is not answered yet"),
  chat_writer_busy_seconds_total: counter(
    "seconds",
    "shard",
    "Time in commits that ended well; its rate is the busy share",
  ),
  chat_delivery_fanout: histogram("connections", "", "Connections that a stored message reached at once"),
  chat_recipients_offline_total: counter("messages", "", "Messages whose recipient had no connection"),
  chat_connections: gauge("connections", "", "WebSocket connections"),
  chat_connections_by_state: gauge("connections", "state", "WebSocket connections before hello, open, and closing"),
  chat_slow_readers_total: counter("connections", "", "Connections that were closed because they did not read"),
  chat_errors_total: counter("errors", "code", "Error frames and HTTP errors by code"),
  chat_hot_dialog_share: gauge("ratios", "rank", "Share of the most frequent dialogs in the last minute, by rank"),
  chat_key_space_messages_total: counter("messages", "bucket", "Messages by the first eight hash bits of their dialog"),
  chat_dialog_window_messages: histogram("messages", "", "Messages of a dialog in a closed window of ten seconds"),
  chat_window_dialogs: gauge("dialogs", "", "Distinct dialogs of the last closed window"),
  chat_window_max_over_mean: gauge("ratios", "", "Fullest shard over the mean in the last closed window"),
  chat_window_cv: gauge("ratios", "", "Coefficient of variation over shards in the last closed window"),
  chat_window_gini: gauge("ratios", "", "Gini coefficient over shards in the last closed window"),
  chat_window_effective_shards: gauge(
    "shards",
    "",
    "Messages over those of the fullest shard in the last closed window",
  ),
  chat_window_noise_floor: gauge("ratios", "", "Max/mean of a perfect hash for the dialogs of the last closed window"),
  chat_event_loop_utilization: gauge("ratios", "", "Busy share of the event loop in the last five seconds"),
  chat_event_loop_lag_seconds: histogram("seconds", "", "How late a timer of the event loop fired"),
  chat_gc_pause_seconds: histogram("seconds", "kind", "Garbage collections of the main thread"),
  chat_process_cpu_seconds_total: counter("seconds", "", "CPU of the process, all threads, user and system"),
  chat_process_resident_bytes: gauge("bytes", "", "Resident memory of the process"),
  chat_process_heap_bytes: gauge("bytes", "", "JavaScript heap in use, main thread"),
  chat_scrapes_total: counter("scrapes", "result", "Pages of metrics that were sent, or given up by the scraper"),
  chat_log_lines_total: counter("lines", "result", "Log lines that Loki accepted, and lines that were dropped"),
  chat_log_lines_lost_total: counter("lines", "", "Log lines that stdout did not take: a full disk, a vanished reader"),
  chat_traces_total: counter("traces", "result", "Traces of messages that the collector accepted or that were dropped"),
  chat_live_streams: gauge("streams", "", "Open streams of the live page"),
} satisfies Readonly<Record<string, MetricDescription>>;

export type MetricName = keyof typeof METRICS;

/** The closed sets of labels; shards are labelled by the topology, errors by their table. */
export const STAGES = ["validate", "place", "queue", "commit", "deliver"] as const;
/** Label of what a server with many shards does not keep for each of them; the topology's own labels are digits. */
export const ALL_SHARDS = "all";
export const OPERATIONS = ["insert", "history", "audit", "find"] as const;
export const RESULTS = ["stored", "duplicate", "refused", "failed"] as const;
export const CONNECTION_STATES = ["greeting", "open", "closing"] as const;
export const GC_KINDS = ["minor", "major", "incremental", "weak"] as const;
/** Of log lines and of traces. */
export const PUSH_RESULTS = ["accepted", "dropped"] as const;
export const SCRAPE_RESULTS = ["sent", "aborted"] as const;
/** Hot dialogs are exported by rank, so that their ids never become labels. */
export const HOT_RANKS = ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10"] as const;
