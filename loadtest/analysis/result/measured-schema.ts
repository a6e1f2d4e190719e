import { Type } from "typebox";
import { Count, Ends, Label, Nullable, Num, OneOf, Text } from "./schema-fields.ts";

const RateOf = (description: string, messages: string) =>
  Type.Optional(
    Type.Object(
      { rate: Num("Messages per second of the schedule, warm-up included"), messages: Count(messages) },
      { description: `${description}; absent in files of early versions` },
    ),
  );

/** What was counted and timed: the parts of `result.json` that draw no conclusion. */
export const Traffic = Type.Object({
  asked: RateOf(
    "What the run was asked to send; absent too where the rate is a result",
    "Messages of the whole schedule, to the whole message",
  ),
  arrivals: Type.Optional(
    Type.Object(
      {
        model: Text("constant, ramp, steps, spike, closed"),
        gaps: OneOf(["poisson", "even"]),
        open: Type.Boolean({ description: "Messages have their moments whether or not the server keeps up" }),
        changes: Type.Boolean({ description: "The rate is another from second to second" }),
        words: Text("In words"),
      },
      { description: "When messages came; absent: a story with a pace of its own, or a file of an early version" },
    ),
  ),
  made: RateOf("What it did send, acknowledged or not", "= sent"),
  planned: Count("Messages that the schedule held"),
  sent: Count("= acked + refused + unknown; = planned − late − notConnected"),
  resent: Type.Optional(
    Count("Tries beyond the first, of clients that send again; absent: each message was sent once"),
  ),
  acked: Count("Acknowledged after the commit"),
  refused: Count("Answered with an error that says that nothing was stored"),
  unknown: Count("Without an answer when the run ended"),
  late: Count("Due and never sent, as the generator was late or stopped"),
  notConnected: Count("Due and never sent, as their author had no connection"),
  failedShare: Num("Of the messages that were due and not late: refused, unknown or not connected, 0…1"),
  errors: Type.Optional(
    Type.Record(Type.String(), Count("Errors of this code, the server's and those found by the generator")),
  ),
  delivered: Count("Reached the recipient's connection"),
  offline: Count("Acknowledged, the recipient was not connected"),
  rate: Num("Acknowledged messages per second"),
  topDialogShare: Type.Object({
    asked: Nullable(Num("Share of the messages that the hot dialog was asked to get, 0…1")),
    realised: Num("Share that it got; without a hot dialog, the share of the most frequent one"),
  }),
});

const OptionalMs = Type.Optional(Num("ms; absent in results of version 1"));

export const Quantiles = Type.Object({
  p50: Num("ms"),
  p90: Num("ms"),
  p95: OptionalMs,
  p99: Num("ms"),
  p999: Num("ms"),
  max: Num("ms"),
});

export const LatencyInterval = Type.Object({
  metric: OneOf(["delivery.p50", "delivery.p95", "delivery.p99", "commit.p50", "commit.p95", "commit.p99"]),
  shard: Nullable(Label),
  low: Nullable(Num("Lower end of the 95 % interval, ms; null, as high: the run's seconds cannot tell")),
  high: Nullable(Num("Upper end, ms")),
});

export const Failure = Type.Object({
  shard: Label,
  code: Text("Error code, NO_ANSWER, or NOT_CONNECTED"),
  count: Count("Messages that belong to this shard and failed with this code"),
  fromS: Num("Intended moment of the first, seconds after the start of the schedule"),
  untilS: Num("Of the last"),
});

export const Outage = Type.Object({
  shard: Label,
  fromS: Num("Intended moment of the first message without an answer, seconds after the start of the schedule"),
  untilS: Num("Of the last"),
  messages: Count("Messages without an answer"),
  reason: Type.Optional(Text("What its database said then, by the server; absent: nothing is known")),
});

export const Window = Type.Object({
  name: Text("before, during, after, or what the scenario calls it"),
  fromS: Num("Seconds after the start of the schedule"),
  untilS: Num("Seconds after the start of the schedule"),
  failed: Count("Messages that were due in it and failed"),
  acked: Count("Messages acknowledged in it"),
  ratePerS: Num("Acknowledged messages per second"),
  deliveryMs: Nullable(Type.Object({ p50: Num("ms"), p95: Num("ms"), p99: Num("ms") })),
});

export const Shard = Type.Object({
  label: Label,
  offered: Count("Messages that belong here and were due: acknowledged or failed"),
  acked: Count("Messages"),
  offline: Type.Optional(
    Count("Acknowledged messages to a recipient who never connects; absent in results of version 1"),
  ),
  stored: Nullable(Count("Rows of this run in the database; null: it could not be asked")),
  bytes: Count("UTF-8 bytes of the acknowledged texts"),
  share: Num("Of all offered messages, 0…1"),
  deliveryMs: Type.Object({ p50: Num("ms"), p95: OptionalMs, p99: Num("ms"), p999: Num("ms") }),
  commitMs: Type.Object({ p50: Num("ms"), p95: OptionalMs, p99: Num("ms") }),
  innocentP99Ms: Nullable(Num("p99 of the delivery of dialogs that the story does not make hot, ms")),
  serviceMs: Type.Object({ p50: Num("ms, from the actual send"), p95: OptionalMs, p99: Num("ms"), p999: Num("ms") }),
  dialogs: Count("Distinct dialogs with an offered message here"),
  offeredPerS: Num("Messages per second offered to it, whether or not it could take them"),
  limitPerS: Nullable(Num("Rows per second at saturation; null: the run cannot tell")),
  limitInterval: Type.Optional(Ends("95 % interval of the limit; absent: not known, or in files of early versions")),
  busy: Num("Share of the schedule in which its writer had a commit under way, 0…1"),
});
