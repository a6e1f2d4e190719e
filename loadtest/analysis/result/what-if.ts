import { Type, type Static } from "typebox";
import { ResultSchema } from "./result.ts";
import { Count, Nullable, Num, OneOf, Text } from "./schema-fields.ts";

const Shards = Type.Integer({ minimum: 1 });

const Row = Type.Object({
  placement: Text("Name with options"),
  shards: Shards,
  maxOverMean: Num("Largest shard over the mean, with hotshard's own hash and labels 00, 01, …; 1 is even"),
  effectiveShards: Num("shards / maxOverMean"),
  movedFromToday: Num("Share of the keys that would live elsewhere than today, 0…1"),
  worstMinute: Nullable(
    Type.Object(
      {
        at: Text("ISO 8601, its start"),
        maxOverMean: Num("Within it"),
        messages: Count("Within it"),
        chance: Num(
          "What the worst of as many minutes is below in 95 of 100 cases if every message has a key of its own",
        ),
      },
      { description: "Highest max/mean of the minutes that have half of the mean minute's messages or more" },
    ),
  ),
});

/** What `hotshard whatif --json` prints. The package's JSON Schema is made from this. */
export const WhatIfSchema = Type.Object(
  {
    version: Type.Literal(2),
    hotshard: Text("Version of hotshard that wrote it"),
    input: Type.Object({
      name: Text("File or folder"),
      kind: OneOf(["counts", "trace", "run"]),
      messages: Count("Counted"),
      dialogs: Count("Distinct keys among them"),
      topShare: Num("Share of the messages of the heaviest key, 0…1"),
      span: Nullable(
        Type.Object({ from: Text("ISO 8601, or seconds of a trace that has no dates"), to: Text("The same") }),
      ),
      readAs: Nullable(
        Type.Object(
          {
            format: Text("In words"),
            key: Nullable(Text("Its column or field; null when it has no name, or one of the usual ones")),
            count: Nullable(Text("The same")),
            time: Nullable(Text("The same")),
            eachOne: Type.Boolean({ description: "Each line, or element of a document, was counted as one message" }),
          },
          { description: "Of a file: how it was read" },
        ),
      ),
      leftOut: Nullable(
        Type.Object(
          {
            lines: Count("Lines, or elements, that could not be used"),
            share: Num("Of all lines that were read, 0…1"),
            more: Type.Boolean({ description: "The input was cut: what followed is not known" }),
          },
          { description: "Null when everything was used" },
        ),
      ),
      faults: Type.Array(
        Type.Object({
          code: Text("Stable, in capitals"),
          where: Text("First place: file and line"),
          message: Text("What is wrong"),
          lines: Count("Lines with this fault"),
          lost: Type.Boolean({ description: "Whether they are missing from the counts" }),
        }),
      ),
    }),
    today: Type.Object({
      placement: Text("Name with options"),
      shards: Shards,
      assumed: Type.Boolean({ description: "Nobody said so: the default" }),
      overrides: Type.Array(Text("pin or split, in words"), {
        description: "Of the run; left out of all figures here",
      }),
      maxOverMean: Num("Largest shard over the mean"),
      shares: Type.Array(Num("Of the messages, 0…1"), { description: "Of each shard" }),
      noiseFloor: Type.Object({
        mean: Num("Expected max/mean of as many equally heavy keys under a perfect hash"),
        p99: Num("Its 99 % quantile"),
      }),
      pairs: Type.Optional(Count("Pairs of key and time bucket, which today's placement throws instead of keys")),
    }),
    target: Num("Max/mean up to which nothing needs to be done"),
    rows: Type.Array(Row),
    topDialogs: Type.Array(
      Type.Object({
        rank: Shards,
        dialog: Text("The key"),
        share: Num("Of the messages, 0…1"),
        shard: Text("Today's; `by time` when that depends on the moment"),
      }),
    ),
    popularity: Type.Array(Type.Object({ rank: Shards, share: Num("Of the messages, 0…1") }), {
      description: "Points of the rank-size curve",
    }),
    advice: ResultSchema.properties.advice,
    command: Text("Asks the same again"),
  },
  { $id: "https://hotshard.dev/schema/what-if-2.json", title: "hotshard what-if" },
);

export type WhatIf = Static<typeof WhatIfSchema>;
export type WhatIfRow = WhatIf["rows"][number];
