import { Type } from "typebox";
import { Count, Label, Num, OneOf } from "./schema-fields.ts";
import { CHANGES } from "./seen-changes.ts";

const Share = (description: string) => Num(`${description}, 0…1`);

export const Change = Type.Object({
  atS: Num("Seconds after the start of the schedule"),
  untilS: Type.Optional(Num("Its end; absent: it was one moment")),
  kind: OneOf(CHANGES, {
    description:
      "lost, back: by the run. take-out, put-back: from and into the topology, by the server; shown: with its history. " +
      "add, drain, rebalance: asked for by the run",
  }),
  shard: Type.Optional(Label),
  epoch: Type.Optional(Count("Of the topology from then on; absent: it changed nothing in that")),
  keys: Type.Optional(
    Type.Object(
      {
        moved: Share("Of the run's dialogs, those whose new messages went to another shard"),
        ideal: Share("The least that must, for the weights to be what they then were"),
        forecast: Type.Optional(Share("As the server said beforehand, of all keys")),
      },
      { description: "Absent: nothing went elsewhere by it, or what was before is not known" },
    ),
  ),
});

export const Stalls = Type.Object(
  {
    dialogs: Count("Dialogs that wrote in the second window"),
    p50: Num("ms"),
    p99: Num("ms"),
    max: Num("ms"),
  },
  { description: "Of each dialog, the longest from a message's moment to its acknowledgement in the second window" },
);
