import type { DashboardSpec } from "./dashboard.ts";
import { largest, toDashboard } from "./panel.ts";

const CHAT = 'job=~"$job", instance=~"$instance"';

export const loadRun: DashboardSpec = {
  uid: "hotshard-load",
  title: "hotshard: load run",
  description:
    "What the generator saw beside what the server saw, on one time axis. `hotshard run … --prometheus URL` writes it.",
  panels: [
    {
      kind: "timeseries",
      title: "Planned, sent, acknowledged (generator)",
      description: "Sent below planned is a generator at its limit: the run is INVALID then.",
      unit: "mps",
      queries: [
        ["sum(rate(k6_hotshard_planned_total[$__rate_interval]))", "planned"],
        ["sum(rate(k6_hotshard_sent_total[$__rate_interval]))", "sent"],
        ["sum(rate(k6_hotshard_acked_total[$__rate_interval]))", "acknowledged"],
      ],
    },
    {
      kind: "timeseries",
      title: "Stored by shard (server)",
      description: "The same traffic as the server stores it.",
      unit: "mps",
      queries: [
        [
          `sum by (shard) (rate(chat_messages_total{${CHAT}, shard=~"$shard", result="stored"}[$__rate_interval]))`,
          "shard {{shard}}",
        ],
      ],
      links: [["Is it skewed?", toDashboard("hotshard-shards")]],
    },
    {
      kind: "timeseries",
      title: "Delivery p99 by shard (generator)",
      description: "From the intended moment of sending to delivery, by the shard of the message.",
      unit: "s",
      queries: [
        [
          'histogram_quantile(0.99, sum by (shard) (rate(k6_hotshard_delivery_seconds{phase="measure"}[$__rate_interval])))',
          "shard {{shard}}",
        ],
      ],
    },
    {
      kind: "timeseries",
      title: "Commit p99 by shard (server)",
      description: "What the databases took of it.",
      unit: "s",
      queries: [[largest('shard:chat_commit:p99_5m{shard=~"$shard"}'), "shard {{shard}}"]],
    },
    {
      kind: "timeseries",
      title: "Refused, unknown, duplicated (generator)",
      description: "Answers other than an acknowledgement.",
      unit: "mps",
      queries: [
        ["sum(rate(k6_hotshard_refused_total[$__rate_interval])) or vector(0)", "refused"],
        ["sum(rate(k6_hotshard_unknown_total[$__rate_interval])) or vector(0)", "unknown"],
        ["sum(rate(k6_hotshard_duplicated_total[$__rate_interval])) or vector(0)", "duplicated"],
      ],
    },
    {
      kind: "timeseries",
      title: "Event loop of the server",
      description: "Near 1 the server itself is the limit, not a shard.",
      unit: "percentunit",
      queries: [[`chat_event_loop_utilization{${CHAT}}`, "{{instance}}"]],
    },
    {
      kind: "timeseries",
      title: "Virtual users (generator)",
      description: "k6's virtual users that run, or processes of the Node driver; each holds many connections.",
      unit: "short",
      queries: [["sum(k6_vus)", "virtual users"]],
    },
    {
      kind: "timeseries",
      title: "Queue and age (server)",
      description: "The oldest unanswered message of each shard.",
      unit: "s",
      queries: [[`max by (shard) (chat_writer_queue_age_seconds{${CHAT}, shard=~"$shard"})`, "shard {{shard}}"]],
    },
  ],
};
