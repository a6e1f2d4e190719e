import { ConfigError } from "../config-error.ts";
import type { HistoryMessage } from "../protocol/frames.ts";
import { LIMITS } from "../protocol/frames.ts";
import { compareIds } from "../placement/message-id.ts";
import { isLostShard, type HistoryPart, type MessageRow } from "../shards/contract.ts";
import type { Shard } from "../shards/shard.ts";
import type { Follower } from "../topology/follower.ts";
import type { View, Views } from "../topology/view.ts";

/** A page of one dialog, ascending by id, merged from every shard that may hold a part of it. */
export interface HistoryPage {
  readonly messages: readonly HistoryMessage[];
  readonly stable: string;
  readonly next?: string;
  readonly partial?: readonly string[];
}

/** A shard has been sealed for a topology that this server does not know: it cannot tell where all of a dialog is. */
export class StaleReaderError extends Error {}

/** What pages are read by. */
export interface Reader {
  readonly views: Pick<Views, "current">;
  readonly follower: Pick<Follower, "refresh" | "seal">;
  /** An id that no message has yet. */
  readonly fresh: () => string;
}

interface Page {
  /** Messages with smaller ids only; without it the newest. */
  readonly before?: string | undefined;
  /** 1…`LIMITS.page` */
  readonly limit?: number | undefined;
}

/** Changes of the topology that one read waits for. */
const MOST_TRIES = 4;

/**
 * Reads one page; it ends early where it would have more than `LIMITS.pageBytes`. A shard that does not answer, or was
 * lost and is not back yet, is named in `partial`; the others still answer. Every message with an id below `stable` that
 * this dialog will ever have on the shards that answered is there: what is in flight, here or on other nodes, has a
 * larger one.
 *
 * Rule E of docs/topology.md: each shard says by which epoch it is sealed. A reader that is behind it reads again by the
 * newer topology, and a shard that is behind the reader is sealed first.
 *
 * @throws {StaleReaderError} when a shard knows a newer topology than the state
 */
export async function readHistory(reader: Reader, dialog: string, page: Page): Promise<HistoryPage> {
  const { follower, views } = reader;
  for (let tries = 1; ; tries++) {
    const view = views.current();
    const read = await readParts(view, reader.fresh(), dialog, page);
    const { epoch } = view.topology;
    const newest = Math.max(...read.parts.map((part) => part.epoch), read.epoch);
    const behind = read.parts.filter((part) => part.epoch < epoch).map(({ shard }) => shard);
    if (newest <= epoch && behind.length === 0) return pageOf(read, page.limit ?? LIMITS.page);
    if (newest > epoch) await follower.refresh();
    else await Promise.all(behind.map((shard) => sealed(follower, shard)));
    if (tries === MOST_TRIES) throw new StaleReaderError(`a shard is at epoch ${newest}, this server at ${epoch}`);
  }
}

/** One that is lost meanwhile is `partial` at the next try. */
async function sealed(follower: Reader["follower"], shard: Shard): Promise<void> {
  await follower.seal(shard).catch((error: unknown) => {
    if (!isLostShard(error)) throw error;
  });
}

interface Parts {
  readonly parts: readonly (HistoryPart & { readonly shard: Shard })[];
  /** Labels of the shards that are not in `parts`. */
  readonly partial: readonly string[];
  /** No id below it is in flight from this node. */
  readonly ownFloor: string;
  /** The newest one that is known of a shard whose connection could not be used for it. */
  readonly epoch: number;
}

async function readParts(view: View, fresh: string, dialog: string, page: Page): Promise<Parts> {
  const owners = view.ownersOf(dialog);
  const shards = owners.filter((shard) => view.shows(shard));
  // Before the reads begin: what is in flight now may appear during them.
  const ownFloor = owners.map((shard) => shard.oldestPending() ?? fresh).reduce(smaller, fresh);
  const partial = owners.filter((shard) => !view.shows(shard)).map(({ label }) => label);
  const parts: (HistoryPart & { readonly shard: Shard })[] = [];
  let epoch = 0;
  // One more than asked tells whether an older page exists.
  const limit = (page.limit ?? LIMITS.page) + 1;
  await Promise.all(
    shards.map(async (shard) => {
      try {
        parts.push({ shard, ...(await shard.history(dialog, page.before ?? null, limit)) });
      } catch (error) {
        if (!isLostShard(error)) throw error;
        // A connection that was made anew found it before the read could.
        if (error instanceof ConfigError && error.code === "OLD_TOPOLOGY") epoch = Infinity;
        partial.push(shard.label);
      }
    }),
  );
  return { parts, partial, ownFloor, epoch };
}

function pageOf({ ownFloor, parts, partial }: Parts, limit: number): HistoryPage {
  const sorted = parts.flatMap(({ rows }) => rows).sort((a, b) => compareIds(a.id, b.id));
  // While rows are moved between shards a message is on two.
  const merged = sorted.filter(({ id }, index) => id !== sorted[index - 1]?.id);
  const messages = newestWithin(LIMITS.pageBytes, merged.slice(-limit).map(toMessage));
  return {
    messages,
    stable: parts.reduce((least, { floor }) => (floor === null ? least : smaller(least, floor)), ownFloor),
    ...(merged.length > messages.length && { next: messages[0]!.message }),
    ...(partial.length > 0 && { partial: partial.toSorted() }),
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
