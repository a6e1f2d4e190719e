/** What columns and fields may be called, in any case; the first of these that is there counts. */
export const NAMES = {
  key: [
    "dialog",
    "key",
    "dialog_id",
    "conversation",
    "conversation_id",
    "chat_id",
    "room",
    "_id",
    "id",
    "shard_key",
    "partition_key",
  ],
  count: [
    "count",
    "messages",
    "n",
    "cnt",
    "total",
    "rows",
    "count(*)",
    "num",
    "doc_count",
    "message_count",
    "msg_count",
    "count()",
    "count(1)",
    "count_star()",
  ],
  time: ["time", "timestamp", "ts", "at", "created_at", "date", "datetime"],
} as const;

/**
 * A count when it holds numbers and nothing else could be: as `jq to_entries` names it, and who stores other things
 * too.
 */
export const MAYBE_COUNT = "value";

/** Of a group it is its key; of a message, without a count beside it, more likely its own. */
export const isOwnId = (name: string | null | undefined): boolean => /^_?id$/iu.test(name ?? "");

/** What may be one of the columns or fields of a message. */
export type ColumnKind = keyof typeof NAMES;

/** @returns the place of the likeliest of these names, −1 when none is there */
export function placeOf(kind: ColumnKind, lowerCaseNames: readonly string[]): number {
  // By what is likeliest to be meant, not by what comes first: a table of messages has an id and a dialog.
  const name = NAMES[kind].find((one) => lowerCaseNames.includes(one));
  return name === undefined ? -1 : lowerCaseNames.indexOf(name);
}
