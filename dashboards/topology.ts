import type { DashboardSpec } from "./dashboard.ts";
import { toDashboard, toRunbook } from "./panel.ts";

const CHAT = 'job=~"$job", instance=~"$instance"';
const SHARDS = `${CHAT}, shard=~"$shard"`;

export const topology: DashboardSpec = {
  uid: "hotshard-topology",
  title: "hotshard: changes of the topology",
  description:
    "Shards that come, go and are lost, what waits for a rebalance and how far it is, and what messages feel.",
  panels: [
    {
      kind: "stat",
      title: "Shards that take messages",
      description: "By the topology: the others are drained, out, or not in use yet.",
      unit: "short",
      queries: [
        [`max(sum by (instance) (chat_shard_writable{${CHAT}}))`, "take"],
        [`max(chat_shards{${CHAT}})`, "paid"],
      ],
    },
    {
      kind: "stat",
      title: "Shards that are out",
      description: "Lost, and their history is not shown yet. New messages go to the others.",
      unit: "short",
      queries: [[`max(sum by (instance) (chat_shard_out{${CHAT}}))`, "out"]],
      links: [["Shard out: what to do", toRunbook("shard-out")]],
    },
    {
      kind: "stat",
      title: "Closed segments",
      description: "They wait for a rebalance. With 8 no change is taken, but that a lost shard is put back.",
      unit: "short",
      queries: [[`max(chat_topology_segments{${CHAT}}) - 1`, "closed"]],
      links: [["Rebalance due: what to do", toRunbook("rebalance-due")]],
    },
    {
      kind: "timeseries",
      title: "Changes",
      description:
        "Changes of the topology that servers have followed, by kind. The log has each in words, with its forecast.",
      unit: "short",
      queries: [[`max by (kind) (increase(chat_topology_changes_total{${CHAT}}[$__rate_interval]))`, "{{kind}}"]],
    },
    {
      kind: "timeseries",
      title: "Epoch of the topology",
      description: "All servers show the same, but for the seconds of a change.",
      unit: "short",
      queries: [[`chat_topology_epoch{${CHAT}}`, "{{instance}}"]],
    },
    {
      kind: "timeseries",
      title: "Shards that take messages, and shards that are out",
      description: "Per shard (of more than 16: all together).",
      unit: "short",
      queries: [
        [`max by (shard) (chat_shard_writable{${SHARDS}})`, "takes: shard {{shard}}"],
        [`max by (shard) (chat_shard_out{${SHARDS}})`, "out: shard {{shard}}"],
      ],
      links: [["What they get", toDashboard("hotshard-shards")]],
    },
    {
      kind: "timeseries",
      title: "Skew around a change",
      description:
        "Max/mean of the last ten seconds: what a pin or a split was to bring, see the log for its forecast.",
      unit: "short",
      queries: [[`chat_window_max_over_mean{${CHAT}}`, "max/mean {{instance}}"]],
    },
    {
      kind: "timeseries",
      title: "Time to follow",
      description: "Seconds in which a server followed a change: all that its messages may have waited.",
      unit: "s",
      queries: [[`increase(chat_topology_follow_seconds_sum{${CHAT}}[$__rate_interval])`, "{{instance}}"]],
    },
    {
      kind: "timeseries",
      title: "Messages that followed",
      description: "Looked up and placed again a second, as the topology had gone on or their shard was lost.",
      unit: "mps",
      queries: [[`rate(chat_followed_messages_total{${CHAT}}[$__rate_interval])`, "{{instance}}"]],
    },
    {
      kind: "timeseries",
      title: "Rebalance",
      description: "Rows that it has looked at in its phase (first it copies, then it removes), of how many, how fast.",
      unit: "short",
      queries: [
        [`chat_move_seen_rows{${CHAT}}`, "seen {{instance}}"],
        [`chat_move_expected_rows{${CHAT}}`, "of {{instance}}"],
        [`chat_move_rows_per_second{${CHAT}}`, "a second {{instance}}"],
      ],
    },
    {
      kind: "timeseries",
      title: "Rebalance: time left",
      description: "Until its phase ends, at its rate; it gives way to messages.",
      unit: "s",
      queries: [[`chat_move_remaining_seconds{${CHAT}}`, "{{instance}}"]],
    },
  ],
};
