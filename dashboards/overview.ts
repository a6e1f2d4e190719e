import type { DashboardSpec } from "./dashboard.ts";
import { largest, toDashboard, toRunbook } from "./panel.ts";

const CHAT = 'job=~"$job", instance=~"$instance"';

export const overview: DashboardSpec = {
  uid: "hotshard-overview",
  title: "hotshard: overview",
  description: "Is the chat well, is one shard hotter than chance explains, and where to look next.",
  panels: [
    {
      kind: "stat",
      title: "Effective shards",
      description: "Messages in all over those of the fullest shard: of the shards that are paid for, so many work.",
      unit: "short",
      queries: [
        ["chat:skew_effective_shards:rate5m", "used"],
        [`max(chat_shards{${CHAT}})`, "paid"],
      ],
      links: [["Which shard?", toDashboard("hotshard-shards")]],
    },
    {
      kind: "stat",
      title: "Fullest shard over the mean",
      description: "1 is even. Judge it with the noise floor beside it: few dialogs are uneven by chance.",
      unit: "short",
      queries: [["chat:skew_max_over_mean:rate5m", "max/mean"]],
      links: [["Hot shard: what to do", toRunbook("hot-shard")]],
    },
    {
      kind: "stat",
      title: "Noise floor",
      description: "Max/mean that a perfect hash would give for the dialogs of the last closed window.",
      unit: "short",
      queries: [[`max(chat_window_noise_floor{${CHAT}})`, "by chance"]],
    },
    {
      kind: "stat",
      title: "Firing alerts",
      description: "Alerts that fire now, whichever they are.",
      unit: "short",
      queries: [['count(ALERTS{alertstate="firing"}) or vector(0)', "firing"]],
    },
    {
      kind: "stat",
      title: "Refused or failed",
      description: "Share of the messages of five minutes that were refused or failed; the objective is 0.1 %.",
      unit: "percentunit",
      queries: [["chat:errors:ratio_rate5m", "of all messages"]],
      links: [["Error budget: what to do", toRunbook("error-budget")]],
    },
    {
      kind: "stat",
      title: "Connections",
      description: "Open WebSocket connections.",
      unit: "short",
      queries: [[`sum(chat_connections{${CHAT}})`, "connections"]],
    },
    {
      kind: "timeseries",
      title: "Messages by shard",
      description: "Stored messages a second. Lines that part are skew; all of them falling is less traffic.",
      unit: "mps",
      queries: [
        [
          `sum by (shard) (rate(chat_messages_total{${CHAT}, shard=~"$shard", result="stored"}[$__rate_interval]))`,
          "shard {{shard}}",
        ],
      ],
      links: [["Is it more than chance?", toDashboard("hotshard-shards")]],
    },
    {
      kind: "timeseries",
      title: "Commit p99 by shard",
      description:
        "99th percentile of the duration of a group commit. One slow line at even load is a bad disk, not skew.",
      unit: "s",
      queries: [[largest('shard:chat_commit:p99_5m{shard=~"$shard"}'), "shard {{shard}}"]],
      links: [["Slow shard: what to do", toRunbook("slow-shard")]],
    },
    {
      kind: "timeseries",
      title: "Messages by outcome",
      description: "Stored, found to be a duplicate, refused by a full queue or a lost shard, failed in the database.",
      unit: "mps",
      queries: [[`sum by (result) (rate(chat_messages_total{${CHAT}}[$__rate_interval]))`, "{{result}}"]],
    },
    {
      kind: "timeseries",
      title: "Errors by code",
      description: "Error frames and HTTP errors a second, by the code of the protocol.",
      unit: "short",
      queries: [[`sum by (code) (rate(chat_errors_total{${CHAT}}[$__rate_interval]))`, "{{code}}"]],
    },
    {
      kind: "timeseries",
      title: "Shards that answer",
      description: "1 while the server's shard takes messages, 0 while it is down.",
      unit: "bool_on_off",
      queries: [[`min by (shard) (chat_shard_up{${CHAT}, shard=~"$shard"})`, "shard {{shard}}"]],
      links: [["Shard down: what to do", toRunbook("shard-down")]],
    },
    {
      kind: "timeseries",
      title: "Stages of a message",
      description: "99th percentile of each stage. `queue` above `commit` means that the shard's writer saturates.",
      unit: "s",
      queries: [["stage:chat_stage:p99_5m", "{{stage}}"]],
    },
  ],
};
