import { Type, type Static } from "typebox";
import { ANOMALY_KINDS } from "../history/anomaly.ts";
import { Count, OneOf, Text } from "./schema-fields.ts";

/** What the operation log of a run shows, of the dialogs that it keeps. */
export const HistorySchema = Type.Object(
  {
    operations: Count("Lines of the log that were checked"),
    dialogs: Count("Dialogs in it"),
    messages: Count("Messages that were sent in them"),
    pages: Count("Pages of their histories that were read"),
    unread: Count("Dialogs that could not be read to their end after the run: what they lack nobody knows"),
    twins: Count("Unacknowledged messages that moved to a later id once, with their shard's death: no fault"),
    lost: Count("Messages acknowledged, and in no later read"),
    vanished: Count("Messages that were in the history for good, and then were not"),
    stale: Count("Messages that a read lacks which began when they were stored, and a later read has"),
    duplicated: Count("Messages that were there twice, or under two message ids"),
    reordered: Count("Messages in the wrong place: by ids, by arrival, or below what was stable"),
    phantom: Count("Messages that nobody sent, or that were refused, or with another text"),
    evidence: Type.Array(
      Type.Object({
        kind: OneOf(ANOMALY_KINDS),
        dialog: Text("min_max of the user ids"),
        says: Text("One sentence for people"),
        lines: Type.Array(Type.Object({ where: Text("File and line of the log"), says: Text("What it says") })),
      }),
      { description: "The first few of each kind, each with the fewest lines of the log that prove it" },
    ),
  },
  { description: "By the history checker; absent: the run kept no operation log, or its log is not whole" },
);

export type HistoryCheck = Static<typeof HistorySchema>;
