import { ConfigError } from "../config-error.ts";
import type { HistoryMessage } from "../protocol/frames.ts";
import { LIMITS } from "../protocol/frames.ts";
import { compareIds } from "../placement/message-id.ts";
import { isLostShard, type HistoryPart, type MessageRow } from "../shards/contract.ts";
import type { Shard } from "../shards/shard.ts";

/** A page of one dialog, ascending by id, merged from every shard that may hold a part of it. */
export interface HistoryPage {
  readonly messages: readonly HistoryMessage[];
  readonly stable: string;
  readonly next?: string;
  readonly partial?: readonly string[];
}

/** A shard has been sealed for a topology that this server does not know: it cannot tell where all of a dialog is. */
export class StaleReaderError extends Error {}

interface Reader {
  /** Of the topology that it reads by. */
  readonly epoch: number;
  /** An id that no message has yet. */
  readonly fresh: string;
}

/**
 * Reads one page; it ends early where it would have more than `LIMITS.pageBytes`. A shard that does not answer is named
 * in `partial`; the others still answer. Every message with an id below `stable` that this dialog will ever have on the
 * shards that answered is there: what is in flight, here or on other nodes, has a larger one.
 *
 * @param page `before`: messages with smaller ids only; without it the newest page. `limit`: 1…`LIMITS.page`
 * @throws {StaleReaderError} when a shard knows a newer topology than the reader
 */
export async function readHistory(
  shards: readonly Shard[],
  dialog: string,
  page: { readonly before?: string | undefined; readonly limit?: number | undefined },
  { epoch, fresh }: Reader,
): Promise<HistoryPage> {
  const limit = page.limit ?? LIMITS.page;
  // Before the reads begin: what is in flight now may appear during them.
  const ownFloor = shards.map((shard) => shard.oldestPending() ?? fresh).reduce(smaller, fresh);
  const partial: string[] = [];
  // One more than asked tells whether an older page exists.
  const parts = await Promise.all(
    shards.map(async (shard): Promise<HistoryPart> => {
      try {
        return await shard.history(dialog, page.before ?? null, limit + 1);
      } catch (error) {
        if (!isLostShard(error)) throw error;
        // A connection that was made anew found it before the read could.
        if (error instanceof ConfigError && error.code === "OLD_TOPOLOGY") throw new StaleReaderError(error.message);
        partial.push(shard.label);
        return { rows: [], epoch: 0, floor: null };
      }
    }),
  );
  const newest = Math.max(...parts.map((part) => part.epoch));
  if (newest > epoch) throw new StaleReaderError(`a shard is at epoch ${newest}, this server at ${epoch}`);
  const merged = parts.flatMap(({ rows }) => rows).sort((a, b) => compareIds(a.id, b.id));
  const messages = newestWithin(LIMITS.pageBytes, merged.slice(-limit).map(toMessage));
  return {
    messages,
    stable: parts.reduce((least, { floor }) => (floor === null ? least : smaller(least, floor)), ownFloor),
    ...(merged.length > messages.length && { next: messages[0]!.message }),
    ...(partial.length > 0 && { partial: partial.sort() }),
  };
}

/** The last of them that fit, one at least. */
function newestWithin(bytes: number, messages: readonly HistoryMessage[]): readonly HistoryMessage[] {
  // Most pages are small: no text has more bytes as JSON than six times its length.
  const most = messages.reduce((sum, { client, text }) => sum + 250 + 6 * (client.length + text.length), 0);
  if (most <= bytes) return messages;
  let first = messages.length;
  for (let left = bytes; first > 0 && left > 0; first--) {
    left -= Buffer.byteLength(JSON.stringify(messages[first - 1])) + 1;
    if (left < 0 && first < messages.length) break;
  }
  return messages.slice(first);
}

function toMessage(row: MessageRow): HistoryMessage {
  const isGroup = row.dialog.startsWith("g_");
  return {
    message: row.id,
    dialog: row.dialog,
    from: row.author,
    ...(isGroup ? { group: row.recipient } : { to: row.recipient }),
    client: row.client,
    text: row.text,
  };
}

function smaller(a: string, b: string): string {
  return compareIds(a, b) < 0 ? a : b;
}
