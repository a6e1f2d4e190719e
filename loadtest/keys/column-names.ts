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
    "id",
    "shard_key",
    "partition_key",
  ],
  count: ["count", "messages", "n", "cnt", "total", "rows", "count(*)", "num"],
  time: ["time", "timestamp", "ts", "at", "created_at", "date", "datetime"],
} as const;
