import { Type } from "typebox";
import { HistorySchema } from "./history-schema.ts";
import { Count, Label, Nullable, Num } from "./schema-fields.ts";

export const Audit = Type.Object({
  acked: Count("Messages"),
  stored: Nullable(Count("Rows; null: the databases could not be asked")),
  unknown: Count("Messages whose outcome the generator never learned"),
  unknownStored: Count("Of these, found stored afterwards"),
  lost: Count("Acknowledged and not stored"),
  duplicated: Count("Received twice by a reader"),
  reordered: Count("Received after a message that was sent later, though already acknowledged then"),
  undelivered: Count("Acknowledged, and never received by a reader who was connected the whole time"),
  missedWhileAway: Count("Acknowledged, and not received by a reader who had lost its connection at the time"),
  extraCopies: Count("Rows that were neither acknowledged nor found"),
  twins: Type.Optional(
    Count("Second rows of messages whose shard was lost between commit and acknowledgement, never shown twice"),
  ),
  match: Nullable(
    Type.Boolean({
      description:
        "Counts and set sums are equal on every shard, or over all of them where the shards changed while the run " +
        "went on; null: not comparable",
    }),
  ),
  history: Type.Optional(HistorySchema),
});

export const Epoch = Type.Object({
  sinceS: Type.Optional(Num("When it was first seen, seconds after the start of the schedule; absent: before the run")),
  epoch: Type.Optional(Count("Of the topology then")),
  segments: Count("Segments of the topology that are counted together, as messages lie too near to their boundary"),
  acked: Count("Acknowledged, or found stored afterwards, by the segment of their ids"),
  stored: Count("Rows"),
  shards: Type.Array(
    Type.Object({
      shard: Label,
      acked: Count("Acknowledged by it"),
      stored: Count("On it after the run; a rebalance brings messages elsewhere"),
    }),
  ),
});

export const Placed = Type.Object(
  {
    match: Type.Boolean({ description: "Every message is on its owner, once, and nothing else is anywhere" }),
    messages: Count("Of all that the shards hold"),
    misplaced: Count("On another shard than their owner, which lacks them"),
    copies: Count("On another shard too, beside their owner"),
    differing: Count("Of which two shards hold different versions"),
    twins: Count("Stored under two ids"),
    unreachable: Type.Array(Label, { description: "Shards that did not answer" }),
  },
  { description: "What the shards said when they were compared after the run" },
);
