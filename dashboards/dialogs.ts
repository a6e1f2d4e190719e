import type { DashboardSpec } from "./dashboard.ts";
import { largest, toRunbook } from "./panel.ts";

const CHAT = 'job=~"$job", instance=~"$instance"';

export const dialogs: DashboardSpec = {
  uid: "hotshard-dialogs",
  title: "hotshard: hot dialogs",
  description: "Whether one dialog makes a shard hot, and which one it is.",
  panels: [
    {
      kind: "timeseries",
      title: "Share of the most frequent dialogs",
      description: "By rank, in the last minute. A dialog above 1/shards makes its shard hot whatever the placement.",
      unit: "percentunit",
      queries: [[largest(`chat_hot_dialog_share{${CHAT}}`), "rank {{rank}} {{instance}}"]],
      links: [["Hot dialog: what to do", toRunbook("hot-dialog")]],
    },
    {
      kind: "timeseries",
      title: "Max/mean that the first dialog alone forces",
      description: "1 + share × (shards − 1): no placement does better without splitting the dialog.",
      unit: "short",
      queries: [
        [
          `1 + chat_hot_dialog_share{${CHAT}, rank="01"} * on (job, instance) group_left () (chat_shards{${CHAT}} - 1)`,
          "{{instance}}",
        ],
      ],
    },
    {
      kind: "heatmap",
      title: "Key space × time",
      description: "Messages a second by the first eight hash bits of their dialog: one bright line is one hot dialog.",
      unit: "mps",
      width: 24,
      queries: [[`sum by (bucket) (rate(chat_key_space_messages_total{${CHAT}}[$__rate_interval]))`, "{{bucket}}"]],
    },
    {
      kind: "timeseries",
      title: "Messages of a dialog in a window",
      description: "Percentiles over the dialogs of closed windows of ten seconds: how long the tail of popularity is.",
      unit: "short",
      queries: ([0.5, 0.9, 0.99] as const).map((q) => [
        `histogram_quantile(${q}, sum by (le) (rate(chat_dialog_window_messages_bucket{${CHAT}}[5m]))) >= 0`,
        `p${100 * q}`,
      ]),
    },
    {
      kind: "timeseries",
      title: "Distinct dialogs",
      description: "Dialogs of the last closed window: the fewer, the more skew is chance.",
      unit: "short",
      queries: [[`chat_window_dialogs{${CHAT}}`, "{{instance}}"]],
    },
    {
      kind: "logs",
      title: "Hot dialogs by name",
      description: "One line per window: ids, counts and error bounds; the same is at /v1/hot for an admin.",
      unit: "short",
      width: 24,
      queries: [['{app="hotshard", instance=~"$instance"} |= "hot dialogs"', ""]],
      links: [["Hot dialog: what to do", toRunbook("hot-dialog")]],
    },
    {
      kind: "logs",
      title: "Warnings and errors",
      description: "What else the servers said at that time.",
      unit: "short",
      width: 24,
      queries: [['{app="hotshard", instance=~"$instance", level=~"warning|error|critical"}', ""]],
    },
  ],
};
