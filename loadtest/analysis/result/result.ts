import { Type, type Static } from "typebox";
import { Failure, LatencyInterval, Outage, Quantiles, Shard, Traffic, Window } from "./measured-schema.ts";
import { Count, Ends, Label, Nullable, Num, OneOf, Text } from "./schema-fields.ts";
import { Audit, Epoch, Placed } from "./audit-schema.ts";
import { Change, Stalls } from "./change-schema.ts";
import { MachineSchema } from "./machine-schema.ts";

const Verdict = Type.Object({
  status: OneOf(["VALID", "INVALID"]),
  reasons: Type.Array(
    Type.Object({
      code: Text("Stable, in capitals"),
      message: Text("What happened and what to do"),
      evidence: Type.Optional(Type.Record(Type.String(), Num("The figures behind the message, by name"))),
    }),
  ),
});

const Factor = (description: string) =>
  Type.Object(
    {
      factor: Num("Multiplies max/mean"),
      low: Num("2.5 % quantile of the simulation that gives it"),
      high: Num("97.5 % quantile"),
    },
    { description },
  );

const Skew = Type.Object({
  of: OneOf(["offered", "stored"], {
    description: "Messages that shares, skew, causes and advice speak of; stored: a result of version 1",
  }),
  maxOverMean: Num("Largest shard over the mean of all shards; 1 is even"),
  noiseFloor: Type.Object({
    mean: Num("Expected max/mean of as many equally heavy dialogs under a perfect hash"),
    p99: Num("Its 99 % quantile"),
  }),
  effectiveShards: Num("Total / max: how many even shards would carry this load as badly"),
  cv: Num("Standard deviation over mean"),
  gini: Num("0 even … 1 all on one"),
  distinctDialogs: Count("Dialogs with at least one such message"),
  segments: Type.Optional(Count("Segments of the topology that placed them; absent: the newest alone")),
  distinctPairs: Type.Optional(Count("Under a placement by time: pairs of dialog and time bucket, what a hash throws")),
  causes: Nullable(
    Type.Object(
      {
        chance: Factor("So many keys, all equally heavy, under a perfect hash"),
        popularity: Factor("The same with the weights that were seen"),
        placement: Factor("The same with the placement's shares of the key space, and its pins and splits"),
        change: Factor("Shards that joined or left while the run went on had less time than the others"),
        hash: Factor("What is left: where the hash really put these keys"),
      },
      { description: "Their product is maxOverMean; null: it is not known where the messages belong" },
    ),
  ),
  hashTest: Nullable(
    Type.Object({
      chiSquare: Num("Pearson's, over distinct dialogs and never over messages"),
      degreesOfFreedom: Type.Integer({ minimum: 1 }),
      pValue: Num("Chance of so large a chi-square under a perfect hash, 0…1"),
    }),
  ),
});

const Reads = Type.Object(
  {
    asked: Num("Pages per second"),
    rate: Num("Pages per second that came"),
    pages: Count("Pages that came"),
    failed: Count("Answers other than 200, and none in time"),
    byFanout: Type.Array(
      Type.Object({
        shards: Type.Integer({ minimum: 1, description: "Shards that a page asks" }),
        pages: Count("Pages"),
        serviceMs: Type.Object({
          p50: Num("ms, from the request"),
          p95: Type.Optional(Num("ms; absent in files of early versions")),
          p99: Num("ms"),
          max: Num("ms"),
        }),
      }),
    ),
  },
  { description: "History over HTTP, beside the writers" },
);

const TrendPerHour = Type.Object({
  perHour: Num("Slope, per hour"),
  low: Num("Lower end of its 95 % interval"),
  high: Num("Upper end"),
  level: Num("Mean"),
  grows: Type.Boolean({ description: "Rises for certain, in the second half too, and by over 2 % in it" }),
});

const HotDialog = Type.Object({
  rank: Type.Integer({ minimum: 1 }),
  dialog: Text("min_max of the user ids, or g_<group>"),
  name: Type.Optional(Text("What the trace calls it")),
  share: Num("Of all offered messages, 0…1"),
  error: Num("Largest possible overestimate of the share (0: counted exactly)"),
  shard: Text("Label, or labels joined by + for a split dialog"),
});

const Threshold = Type.Object({
  threshold: Text("As given with --fail-on"),
  metric: Text("Name, with shard.LABEL. before it for one shard"),
  op: OneOf(["<", "<=", ">", ">=", "=="]),
  limit: Num("In `unit`; shares 0…1"),
  unit: Text("ms, /s, or empty for counts, ratios and shares"),
  status: OneOf(["passed", "failed", "not-judged"]),
  value: Nullable(Num("What the run had; null: not judged, or not measured")),
  low: Nullable(Num("Lower end of the 95 % interval; null: chance has no part, or the samples do not tell")),
  high: Nullable(Num("Upper end")),
  samples: Nullable(Count("What the value rests on; null: no statistic of samples")),
  clear: Type.Boolean({ description: "The whole interval is on the same side of the limit as the value" }),
  message: Text("One sentence for people"),
});

const WhatIf = Type.Object({
  dialogs: Count("Distinct dialogs that were placed again"),
  sampled: Count("Of these, placed one by one; the rest is inferred from them"),
  rows: Type.Array(
    Type.Object({
      placement: Text("Name with options"),
      shards: Type.Integer({ minimum: 1 }),
      maxOverMean: Num("With these dialogs and counts, without pins and splits"),
      effectiveShards: Num("shards / maxOverMean"),
      movedFromToday: Num("Share of the dialogs that would live on another shard than today, 0…1"),
    }),
  ),
});

const Advice = Type.Object({
  action: OneOf(["none", "pin", "split", "add-shard", "change-placement"]),
  text: Text("One sentence for people: what to do and what it costs"),
  dialog: Type.Optional(Text("For pin and split")),
  dialogShare: Type.Optional(Num("That dialog's share of all messages, 0…1")),
  shards: Type.Optional(Type.Array(Label, { description: "Where the dialog, or its parts, would live" })),
  placement: Type.Optional(Text("For change-placement")),
  readFanout: Type.Optional(Type.Integer({ minimum: 1, description: "Shards that a read of the dialog asks" })),
  forecast: Type.Object({ maxOverMean: Num("Expected with this advice followed") }),
});

/** `result.json`, version 2. The package's JSON Schema is made from this. */
export const ResultSchema = Type.Object(
  {
    version: Type.Literal(2),
    hotshard: Text("Version of hotshard that wrote it"),
    run: Type.Object({
      id: Text("Starts every client message id of the run"),
      scenario: Text("random, lady-gaga, …"),
      driver: Text("node or k6"),
      seed: Type.Integer({ minimum: 0 }),
      startedAt: Text("ISO 8601, UTC"),
      durationS: Num("Seconds of the measured phase, of those that were driven"),
      stopped: Type.Optional(
        Type.Object(
          {
            atS: Num("Seconds after the start of the schedule"),
            ofS: Num("Seconds of the whole schedule, warm-up included"),
            why: OneOf(["lost", "known"], {
              description: "lost: whatever the rest, a threshold is missed; known: the intervals of all are clear",
            }),
            thresholds: Type.Array(Text("As given with --fail-on")),
          },
          { description: "By --stop-when, before its time; absent: it was not" },
        ),
      ),
      dials: Type.Record(Type.String(), Type.Union([Type.Number(), Type.String()])),
      command: Text("Runs the same again"),
      interrupted: Type.Boolean(),
      machine: Type.Optional(MachineSchema),
      maxErrors: Type.Optional(Num("Share of the messages that may fail before the run does, 0…1; absent: any")),
    }),
    server: Type.Object({
      url: Text("WebSocket address"),
      shards: Type.Integer({ minimum: 1 }),
      inUse: Type.Optional(Count("Shards of the newest segment; absent: all of them")),
      placement: Text("Name with options"),
      overrides: Type.Array(Text("pin or split, in words")),
      engine: Text("sqlite, mysql, or both"),
      epoch: Type.Integer({ minimum: 0 }),
      durability: Text("As the database says"),
      shaped: Nullable(Text("How shards were shaped; null: as fast as they are")),
    }),
    verdict: Verdict,
    traffic: Traffic,
    failures: Type.Array(Failure, { description: "By shard and code, most first; per second in slices.ndjson" }),
    outages: Type.Array(Outage, { description: "Times in which a shard did not answer" }),
    windows: Type.Array(Window, { description: "Of a rehearsal, in the order of time; empty: the run was none" }),
    recoveryS: Type.Optional(
      Nullable(Num("Of a rehearsal: seconds from the fault until the server was as good as before; null: not seen")),
    ),
    changes: Type.Optional(
      Type.Array(Change, { description: "Of the shards while the run went on; absent: nobody looked" }),
    ),
    stalls: Type.Optional(Stalls),
    epochs: Type.Optional(
      Type.Array(Epoch, { description: "The audit by segments of the topology, with messages, oldest first" }),
    ),
    placed: Type.Optional(Placed),
    shards: Type.Array(Shard),
    skew: Skew,
    aim: Type.Optional(
      Type.Object(
        {
          maxOverMean: Type.Object({
            asked: Num("As given with --max-over-mean"),
            forecast: Num("Expected with the dialogs, or the share, that were picked for it"),
            realised: Num("By offered messages"),
          }),
        },
        { description: "Dials given by their effect, and how close it came" },
      ),
    ),
    reads: Type.Optional(Reads),
    trends: Type.Optional(
      Type.Object(
        { memoryBytes: Nullable(TrendPerHour), deliveryMs: Nullable(TrendPerHour) },
        { description: "Of a soak: the server's resident memory, and the median delivery; null: too short to tell" },
      ),
    ),
    blastRadius: Nullable(
      Type.Object({
        p99: Num("p99 of innocent dialogs on the hot shard over that of innocent dialogs elsewhere"),
        hotMs: Num("ms, on the hot shard"),
        elsewhereMs: Num("ms, on the other shards"),
        shard: Label,
      }),
    ),
    headroom: Nullable(
      Type.Object({
        shard: Label,
        nowPerS: Num("Rows per second now"),
        limitPerS: Num("Rows per second at saturation, less the bias of being the least of several measured limits"),
        growthToLimit: Num("0.38: the traffic can grow by 38 % before this shard saturates; negative: it already does"),
        growthInterval: Type.Optional(Ends("95 %: until the first of all shards saturates; absent in early files")),
        afterAdvice: Nullable(Num("The same after the first advice")),
        readFanout: Type.Integer({ minimum: 1, description: "Shards a read asks after the first advice" }),
      }),
    ),
    hotDialogs: Type.Array(HotDialog),
    latencyMs: Type.Object({ delivery: Quantiles, service: Quantiles, commit: Quantiles }),
    latencyIntervals: Type.Optional(
      Type.Array(LatencyInterval, {
        description: "From the run's own time slices, of all shards (null) and each; absent in files of early versions",
      }),
    ),
    generator: Type.Object({
      sendLagMs: Type.Object({ p99: Num("ms, actual − intended") }),
      handlerLagMs: Type.Object({ p99: Num("ms, handler − socket") }),
      floorMs: Type.Optional(
        Num("p99, ms, of actions of nothing: what the harness itself adds; absent in files of early versions"),
      ),
      cpu: Num("Busy share of a core"),
      processes: Type.Optional(Count("Processes that shared the schedule out; absent: 1")),
    }),
    audit: Audit,
    advice: Type.Array(Advice, { minItems: 1 }),
    forecast: Type.Optional(
      Type.Object(
        { maxOverMean: Num("Promised by the advice that this run follows"), of: Text("Id of the run that gave it") },
        { description: "Absent: the run follows no advice" },
      ),
    ),
    thresholds: Type.Optional(Type.Array(Threshold, { description: "In the order given; absent: none were given" })),
    whatIf: WhatIf,
  },
  { $id: "https://hotshard.dev/schema/result-2.json", title: "hotshard result" },
);

export type Result = Static<typeof ResultSchema>;
export type Advice = Result["advice"][number];
