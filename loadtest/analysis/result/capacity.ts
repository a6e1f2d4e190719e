import { Type, type Static } from "typebox";
import { Nullable, Num, OneOf, Text } from "./schema-fields.ts";

const Rate = (description: string) => Num(`${description}, messages per second`);

/** `capacity.json`, version 2. The package's JSON Schema is made from this. */
export const CapacitySchema = Type.Object(
  {
    version: Type.Literal(2),
    hotshard: Text("Version of hotshard that wrote it"),
    scenario: Text("As given"),
    command: Text("Searches the same again"),
    until: Text("The threshold"),
    estimate: Nullable(Rate("The capacity: half of the runs at it keep the threshold; null: all did, or none")),
    low: Nullable(Rate("Lower end of the interval; highest rate tried when every run kept it; null: none did")),
    high: Nullable(Rate("Upper end; lowest rate tried when no run kept it; null: every run did")),
    level: Num("Of the interval: 0.95, of so many searches it holds the capacity"),
    reliable: Nullable(Rate("One more run at it keeps the threshold with a chance of 90 %; null as estimate")),
    ceiling: Nullable(
      OneOf(["threshold", "generator"], {
        description: "generator: the server's capacity may be higher, nothing could be sent faster",
      }),
    ),
    stopped: Nullable(Text("Why the search ended before its interval was as narrow as asked")),
    bottleneck: Nullable(
      Type.Object({
        what: OneOf(["shard", "event loop", "generator"]),
        shard: Nullable(Text("Label")),
        evidence: Text("One sentence"),
      }),
    ),
    forecast: Nullable(
      Type.Object({
        atRate: Rate("The run whose report is checked: the first that passed"),
        shard: Text("That was to saturate first"),
        rate: Rate("At which it was to"),
        low: Rate("Lower end of the 95 % interval of that rate"),
        high: Rate("Upper end"),
        error: Nullable(Num("rate / estimate − 1; null: no estimate, or one of the generator's ceiling")),
      }),
    ),
    steps: Type.Array(
      Type.Object({
        rate: Rate("Asked"),
        vote: OneOf(["pass", "fail", "generator"]),
        value: Nullable(Num("Of the threshold's metric")),
        why: Text("One sentence"),
        folder: Text("The run"),
      }),
    ),
  },
  { $id: "https://hotshard.dev/schema/capacity-2.json", title: "hotshard capacity" },
);

export type Capacity = Static<typeof CapacitySchema>;
