import type { DashboardSpec } from "./dashboard.ts";
import { toRunbook } from "./panel.ts";

const CHAT = 'job=~"$job", instance=~"$instance"';
const SHARDS = `${CHAT}, shard=~"$shard"`;

export const runtime: DashboardSpec = {
  uid: "hotshard-runtime",
  title: "hotshard: runtime and databases",
  description: "The process, its connections, its pools, its logs, and the databases and machines below.",
  panels: [
    {
      kind: "timeseries",
      title: "Event-loop utilisation",
      description: "Busy share of the event loop. Above 0.9 every latency includes the server's own queueing.",
      unit: "percentunit",
      queries: [[`chat_event_loop_utilization{${CHAT}}`, "{{instance}}"]],
      links: [["Event loop saturated: what to do", toRunbook("event-loop-saturated")]],
    },
    {
      kind: "timeseries",
      title: "Event-loop lag",
      description: "99th percentile of how late a timer fired.",
      unit: "s",
      queries: [
        [
          `histogram_quantile(0.99, sum by (instance, le) (rate(chat_event_loop_lag_seconds_bucket{${CHAT}}[$__rate_interval]))) >= 0`,
          "{{instance}}",
        ],
      ],
    },
    {
      kind: "timeseries",
      title: "Garbage collection",
      description: "Seconds a second in pauses of the main thread, by kind.",
      unit: "percentunit",
      queries: [[`sum by (kind) (rate(chat_gc_pause_seconds_sum{${CHAT}}[$__rate_interval]))`, "{{kind}}"]],
    },
    {
      kind: "timeseries",
      title: "CPU",
      description: "Cores in use by the process, all threads.",
      unit: "short",
      queries: [[`rate(chat_process_cpu_seconds_total{${CHAT}}[$__rate_interval])`, "{{instance}}"]],
    },
    {
      kind: "timeseries",
      title: "Memory",
      description: "Resident memory, and the heap of the main thread.",
      unit: "bytes",
      queries: [
        [`chat_process_resident_bytes{${CHAT}}`, "resident {{instance}}"],
        [`chat_process_heap_bytes{${CHAT}}`, "heap {{instance}}"],
      ],
    },
    {
      kind: "timeseries",
      title: "Connections by state",
      description: "Before hello, open, and closing. Many that greet and never open are a client without tokens.",
      unit: "short",
      queries: [[`sum by (state) (chat_connections_by_state{${CHAT}})`, "{{state}}"]],
    },
    {
      kind: "timeseries",
      title: "Slow readers and offline recipients",
      description: "Connections closed because they did not read, and messages whose recipient had none.",
      unit: "short",
      queries: [
        [`sum(rate(chat_slow_readers_total{${CHAT}}[$__rate_interval]))`, "slow readers"],
        [`sum(rate(chat_recipients_offline_total{${CHAT}}[$__rate_interval]))`, "offline recipients"],
      ],
    },
    {
      kind: "timeseries",
      title: "Fan-out and resends",
      description: "Connections that a message reached at once, on average, and messages marked as sent before.",
      unit: "short",
      queries: [
        [
          `sum(rate(chat_delivery_fanout_sum{${CHAT}}[5m])) / (sum(rate(chat_delivery_fanout_count{${CHAT}}[5m])) > 0)`,
          "connections a message",
        ],
        [`sum by (shard) (rate(chat_resends_total{${SHARDS}}[$__rate_interval]))`, "resends shard {{shard}}"],
      ],
    },
    {
      kind: "timeseries",
      title: "Pool wait p99",
      description: "Wait of an operation until a connection to the database took it.",
      unit: "s",
      queries: [
        [
          `histogram_quantile(0.99, sum by (shard, le) (rate(chat_pool_wait_seconds_bucket{${SHARDS}}[5m]))) >= 0`,
          "shard {{shard}}",
        ],
      ],
    },
    {
      kind: "timeseries",
      title: "Pool connections",
      description: "Open connections to each database (SQLite: its threads).",
      unit: "short",
      queries: [[`sum by (shard) (chat_pool_connections{${SHARDS}})`, "shard {{shard}}"]],
    },
    {
      kind: "timeseries",
      title: "Log lines and traces",
      description:
        "Lines that Loki and traces that the collector accepted, what was dropped on the way, and what stdout did not take.",
      unit: "short",
      queries: [
        [`sum by (result) (rate(chat_log_lines_total{${CHAT}}[$__rate_interval]))`, "lines {{result}}"],
        [`sum(rate(chat_log_lines_lost_total{${CHAT}}[$__rate_interval]))`, "lost to stdout"],
        [`sum by (result) (rate(chat_traces_total{${CHAT}}[$__rate_interval]))`, "traces {{result}}"],
      ],
      links: [["Log lines dropped: what to do", toRunbook("log-lines-dropped")]],
    },
    {
      kind: "timeseries",
      title: "Scrapes and live pages",
      description: "Pages of metrics sent or given up by the scraper, and open streams of the live page.",
      unit: "short",
      queries: [
        [`sum by (result) (rate(chat_scrapes_total{${CHAT}}[$__rate_interval]))`, "scrapes {{result}}"],
        [`sum(chat_live_streams{${CHAT}})`, "live pages"],
      ],
    },
    {
      kind: "timeseries",
      title: "Queries by database",
      description: "What each MySQL executes a second, by mysqld_exporter; without it this stays empty.",
      unit: "ops",
      queries: [['rate(mysql_global_status_queries{shard=~"$shard"}[$__rate_interval])', "shard {{shard}}"]],
    },
    {
      kind: "timeseries",
      title: "CPU of the machine",
      description: "Busy share of all cores, by node_exporter; without it this stays empty.",
      unit: "percentunit",
      queries: [
        ['1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[$__rate_interval]))', "{{instance}}"],
      ],
    },
    {
      kind: "timeseries",
      title: "Memory by container",
      description: "Working set of each container, by cAdvisor; without it this stays empty.",
      unit: "bytes",
      queries: [['sum by (name) (container_memory_working_set_bytes{name!=""})', "{{name}}"]],
    },
  ],
};
