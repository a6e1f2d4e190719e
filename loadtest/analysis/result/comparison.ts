import { Type, type Static } from "typebox";
import { Nullable, Num, OneOf, Text } from "./schema-fields.ts";

const Change = Type.Object({
  metric: Text(
    "failures (share of the messages, 0…1), delivery.p50, .p95, .p99, commit.p50, .p95, .p99 (ms), throughput (1/s), " +
      "skew.maxOverMean, dialog.share",
  ),
  shard: Nullable(Text("Label; null: all shards together")),
  dialog: Nullable(Text("For dialog.share")),
  a: Num("Of the first run; the geometric mean of all rounds when interleaved"),
  b: Num("Of the second"),
  change: Num("b / a − 1; of failures b − a, as all that follow"),
  low: Num(
    "Lower end of its interval; those of all figures hold together with the chance `confidence`, when " +
      "interleaved those of all shards together",
  ),
  high: Num("Upper end"),
  tolerance: Num("Changes up to this are ignored: a share of the smaller figure"),
  pValue: Num("Of the hypothesis that the change is within the tolerance"),
  adjusted: Num(
    "The same for all figures together, at most 1: times their number (Bonferroni), when interleaved by its part",
  ),
  outcome: OneOf(["worse", "better", "more", "less", "same", "unclear"], {
    description: "more, less: neither good nor bad by itself; same: within the tolerance; unclear: too noisy to tell",
  }),
});

const Side = Type.Object({
  runs: Type.Array(Text("Run ids")),
  command: Text("Runs the same again"),
  startedAt: Text("ISO 8601, UTC, of the first run"),
});

const Difference = Type.Object({ name: Text("What"), a: Text("In the first"), b: Text("In the second") });

const Note = Type.Object({ code: Text("Stable, in capitals"), message: Text("One sentence") });

/** `compare.json`, version 2: version 1 had `superiority`. The package's JSON Schema is made from this. */
export const ComparisonSchema = Type.Object(
  {
    version: Type.Literal(2),
    hotshard: Text("Version of hotshard that wrote it"),
    method: OneOf(["two runs", "interleaved"]),
    rounds: Type.Integer({ minimum: 1, description: "Pairs of runs" }),
    noise: Nullable(
      Type.Object(
        {
          share: Num("Standard deviation between runs of the same setting, of a figure; median of those of all shards"),
          detectable: Num("With it, so many rounds tell such a change of all shards in 4 of 5 experiments"),
        },
        { description: "When interleaved; null: two runs do not show it" },
      ),
    ),
    confidence: Num(
      "That all intervals hold together, and two runs of the same thing are told to be no different, 0…1",
    ),
    tolerance: Type.Object({
      share: Num("Of a figure"),
      ms: Num("Of a duration: the larger of both counts"),
      failures: Num("Of the share of failed messages, 0.001: 0.1 points"),
    }),
    scenario: Text("Of both"),
    a: Side,
    b: Side,
    machines: Type.Array(Difference, {
      description: "Facts in which the machines of A and B differ; empty: none, or neither run says",
    }),
    differs: Type.Array(Difference),
    caveats: Type.Array(Note),
    changes: Type.Array(Change),
    skipped: Type.Array(Type.Object({ metric: Text("As above"), shard: Nullable(Text("Label")), reason: Text("Why") })),
  },
  { $id: "https://hotshard.dev/schema/comparison-2.json", title: "hotshard comparison" },
);

export type Comparison = Static<typeof ComparisonSchema>;
export type Change = Comparison["changes"][number];
export type Outcome = Change["outcome"];

/** What names the figure of failures. */
export const FAILURES = { metric: "failures", shard: null, dialog: null } as const;
