import type { DashboardSpec } from "./dashboard.ts";
import { largest, toDashboard, toRunbook } from "./panel.ts";

const CHAT = 'job=~"$job", instance=~"$instance"';
const SHARDS = `${CHAT}, shard=~"$shard"`;

export const shards: DashboardSpec = {
  uid: "hotshard-shards",
  title: "hotshard: shards and skew",
  description: "Which shard is hot, by how much more than chance, and whether a slow shard is a hot one or a bad disk.",
  panels: [
    {
      kind: "heatmap",
      title: "Shard × time",
      description: "Stored messages a second of each shard: a row that stays dark is the hot shard.",
      unit: "mps",
      width: 24,
      queries: [
        [`sum by (shard) (rate(chat_messages_total{${SHARDS}, result="stored"}[$__rate_interval]))`, "shard {{shard}}"],
      ],
      links: [
        ["Its dialogs", toDashboard("hotshard-dialogs")],
        ["What changed", toDashboard("hotshard-topology")],
      ],
    },
    {
      kind: "timeseries",
      title: "Shard over the mean",
      description:
        "Messages of a shard over the mean of all, in one minute. Above 1.25 and beyond chance an alert fires.",
      unit: "short",
      queries: [[largest('shard:chat_messages_over_mean:rate1m{shard=~"$shard"}'), "shard {{shard}}"]],
      links: [
        ["Its dialogs", toDashboard("hotshard-dialogs")],
        ["Hot shard: what to do", toRunbook("hot-shard")],
      ],
    },
    {
      kind: "timeseries",
      title: "Skew of the last window against chance",
      description: "Max/mean of a server's last ten seconds, and what a perfect hash would give for its dialogs.",
      unit: "short",
      queries: [
        [`chat_window_max_over_mean{${CHAT}}`, "max/mean {{instance}}"],
        [`chat_window_noise_floor{${CHAT}}`, "noise floor {{instance}}"],
      ],
    },
    {
      kind: "timeseries",
      title: "Effective shards",
      description:
        "Messages in all over those of the fullest shard, of all servers in five minutes and of the last window.",
      unit: "short",
      queries: [
        ["chat:skew_effective_shards:rate5m", "five minutes"],
        [`chat_window_effective_shards{${CHAT}}`, "last window {{instance}}"],
        ["chat:skew_shards:rate5m", "shards"],
      ],
    },
    {
      kind: "timeseries",
      title: "Dispersion",
      description:
        "Standard deviations by which the variance over shards exceeds that of chance, were every message independent. Alerts ask for more than 10.",
      unit: "short",
      queries: [["chat:skew_dispersion:rate5m", "dispersion"]],
    },
    {
      kind: "timeseries",
      title: "Indices of skew",
      description: "Coefficient of variation and Gini (0 is even), and Jain's fairness (1 is even), over five minutes.",
      unit: "short",
      queries: [
        ["chat:skew_cv:rate5m", "CV"],
        ["chat:skew_gini:rate5m", "Gini"],
        ["chat:skew_jain:rate5m", "Jain"],
        [`chat_window_cv{${CHAT}}`, "CV of the last window {{instance}}"],
        [`chat_window_gini{${CHAT}}`, "Gini of the last window {{instance}}"],
      ],
    },
    {
      kind: "timeseries",
      title: "Max/mean of what",
      description: "Skew of messages, operations, bytes, database time and stored rows differ: time shows what hurts.",
      unit: "short",
      queries: [
        ["chat:skew_max_over_mean:rate5m", "messages"],
        ["chat:operations_max_over_mean:rate5m", "operations"],
        ["chat:text_bytes_max_over_mean:rate5m", "bytes of text"],
        ["chat:operation_seconds_max_over_mean:rate5m", "database time"],
        ["chat:stored_rows_max_over_mean", "stored rows"],
      ],
    },
    {
      kind: "timeseries",
      title: "Commit p99 over its peers",
      description: "A shard's commit p99 over the median of the others. High at even load is a bad disk.",
      unit: "short",
      queries: [[largest('shard:chat_commit:p99_over_peers_5m{shard=~"$shard"}'), "shard {{shard}}"]],
      links: [["Slow shard: what to do", toRunbook("slow-shard")]],
    },
    {
      kind: "timeseries",
      title: "Commit latency by shard",
      description: "Median and 99th percentile of a group commit.",
      unit: "s",
      queries: [
        [largest('shard:chat_commit:p50_5m{shard=~"$shard"}'), "p50 shard {{shard}}"],
        [largest('shard:chat_commit:p99_5m{shard=~"$shard"}'), "p99 shard {{shard}}"],
      ],
    },
    {
      kind: "timeseries",
      title: "Busy share of the writer",
      description: "Time in commits. Near 1 the shard takes no more, and its queue grows.",
      unit: "percentunit",
      queries: [[largest('shard:chat_writer_busy:ratio_rate1m{shard=~"$shard"}'), "shard {{shard}}"]],
    },
    {
      kind: "timeseries",
      title: "Queued rows",
      description: "Rows that wait for a commit; at the bound senders get OVERLOADED.",
      unit: "short",
      queries: [[`sum by (shard) (chat_writer_queue_rows{${SHARDS}})`, "shard {{shard}}"]],
      links: [["Queue growing: what to do", toRunbook("queue-growing")]],
    },
    {
      kind: "timeseries",
      title: "Queued bytes",
      description: "Bytes that wait for a commit, as the queue's bound counts them.",
      unit: "bytes",
      queries: [[`sum by (shard) (chat_writer_queue_bytes{${SHARDS}})`, "shard {{shard}}"]],
    },
    {
      kind: "timeseries",
      title: "Age of the queue",
      description: "Age of the oldest message that has no answer yet.",
      unit: "s",
      queries: [[`max by (shard) (chat_writer_queue_age_seconds{${SHARDS}})`, "shard {{shard}}"]],
    },
    {
      kind: "timeseries",
      title: "Rows of a commit",
      description: "Mean rows of a group commit: more under load is the writer coping, at its limit it saturates.",
      unit: "short",
      queries: [[largest('shard:chat_batch_rows:mean_5m{shard=~"$shard"}'), "shard {{shard}}"]],
    },
    {
      kind: "timeseries",
      title: "Operations by shard",
      description: "Database operations a second: inserts are group commits, so their number says less than messages.",
      unit: "ops",
      queries: [
        [
          `sum by (shard, op) (rate(chat_shard_operations_total{${SHARDS}}[$__rate_interval]))`,
          "{{op}} shard {{shard}}",
        ],
      ],
    },
    {
      kind: "timeseries",
      title: "Text by shard",
      description: "Bytes of text stored a second.",
      unit: "Bps",
      queries: [[`sum by (shard) (rate(chat_shard_text_bytes_total{${SHARDS}}[$__rate_interval]))`, "shard {{shard}}"]],
    },
    {
      kind: "timeseries",
      title: "Stored rows",
      description: "Messages in each database, when they were last counted.",
      unit: "short",
      queries: [[`max by (shard) (chat_shard_stored_rows{${SHARDS}})`, "shard {{shard}}"]],
    },
    {
      kind: "timeseries",
      title: "Stored bytes",
      description: "Size of each database, when it was last asked.",
      unit: "bytes",
      queries: [[`max by (shard) (chat_shard_stored_bytes{${SHARDS}})`, "shard {{shard}}"]],
    },
  ],
};
