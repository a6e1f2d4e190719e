import { Type, type Static } from "typebox";

const Num = (description: string) => Type.Number({ description });
const Text = (description: string) => Type.String({ description });
const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

const Rate = (description: string) => Num(`${description}, messages per second`);

/** `capacity.json`, version 1. The JSON Schema beside the package is made from this. */
export const CapacitySchema = Type.Object(
  {
    version: Type.Literal(1),
    hotshard: Text("Version of hotshard that wrote it"),
    scenario: Text("As given"),
    command: Text("Searches the same again"),
    until: Text("The threshold"),
    low: Nullable(Rate("Highest rate that kept it; null: none did")),
    high: Nullable(Rate("Lowest rate above that did not; null: all did")),
    ceiling: Nullable(
      Type.Union([Type.Literal("threshold"), Type.Literal("generator")], {
        description: "generator: the server's capacity may be higher, nothing could be sent faster",
      }),
    ),
    confidence: Num("That no rate was decided wrongly, if a run some 10 % from the capacity votes right with 85 %"),
    stopped: Nullable(Text("Why the search ended before its bracket was as narrow as asked")),
    bottleneck: Nullable(
      Type.Object({
        what: Type.Union([Type.Literal("shard"), Type.Literal("event loop"), Type.Literal("generator")]),
        shard: Nullable(Text("Label")),
        evidence: Text("One sentence"),
      }),
    ),
    forecast: Nullable(
      Type.Object({
        atRate: Rate("The run whose report is checked: the first that passed"),
        shard: Text("That was to saturate first"),
        rate: Rate("At which it was to"),
        error: Nullable(Num("forecast / found − 1; found is the middle of low and high; null: not found")),
      }),
    ),
    steps: Type.Array(
      Type.Object({
        rate: Rate("Asked"),
        vote: Type.Union([Type.Literal("pass"), Type.Literal("fail"), Type.Literal("generator")]),
        value: Nullable(Num("Of the threshold's metric")),
        why: Text("One sentence"),
        folder: Text("The run"),
      }),
    ),
  },
  { $id: "https://hotshard.dev/schema/capacity-1.json", title: "hotshard capacity" },
);

export type Capacity = Static<typeof CapacitySchema>;
