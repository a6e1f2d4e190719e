import { compareIds } from "../../server/placement/message-id.ts";
import type { MessageRow } from "../../server/shards/contract.ts";
import type { PageRead, Record, Sent } from "./record.ts";

/** What is there when everything is well again and nothing is under way, by dialog, ascending. */
export type Truth = ReadonlyMap<string, readonly Pick<MessageRow, "dialog" | "author" | "client" | "id">[]>;

export interface Judgment {
  /** Promises that were broken, each in a line with its evidence. */
  readonly broken: readonly string[];
  /** Messages that moved as the one exception allows. */
  readonly moved: number;
}

interface Known {
  readonly idOf: ReadonlyMap<string, string>;
  /** Whether a message may have had another id before: its shard was lost between its commit and its answer. */
  readonly mayMove: (key: string, id: string) => boolean;
  readonly movedKeys: Set<string>;
}

/** Names a message. */
export function keyOf(dialog: string, author: number, client: string): string {
  return `${dialog} ${author} ${client}`;
}

/**
 * The promises of docs/topology.md, held against what clients saw.
 *
 * @param lostIds ids of rows, by message, that lay on a shard while it was lost
 */
export function judge(record: Record, truth: Truth, lostIds: ReadonlyMap<string, ReadonlySet<string>>): Judgment {
  const broken: string[] = [];
  const idOf = new Map<string, string>();
  for (const [dialog, rows] of truth) {
    for (const { author, client, id } of rows) {
      const key = keyOf(dialog, author, client);
      if (idOf.has(key)) broken.push(`shown twice: ${key} as ${idOf.get(key)} and as ${id}`);
      idOf.set(key, id);
    }
  }
  const known: Known = { idOf, mayMove: (key, id) => lostIds.get(key)?.has(id) === true, movedKeys: new Set() };
  for (const sent of record.sent) broken.push(...judgeSent(sent, known));
  broken.push(...judgeOrder(record.sent));
  for (const page of record.pages) broken.push(...judgePage(page, record, truth, known));
  for (const { author, client, dialog, id } of record.live) {
    const key = keyOf(dialog, author, client);
    const found = isThere(known, key, id);
    if (!found) broken.push(`delivered and gone: ${key} as ${id}, now ${idOf.get(key) ?? "nowhere"}`);
  }
  return { broken, moved: known.movedKeys.size };
}

/** Under this id, or under another one as the exception allows. */
function isThere({ idOf, mayMove, movedKeys }: Known, key: string, id: string): boolean {
  const now = idOf.get(key);
  if (now === id) return true;
  if (now === undefined || compareIds(now, id) < 0 || !mayMove(key, id)) return false;
  movedKeys.add(key);
  return true;
}

function judgeSent({ author, client, dialog, ids }: Sent, known: Known): string[] {
  const key = keyOf(dialog, author, client);
  const now = known.idOf.get(key);
  return ids.flatMap((id) => {
    if (isThere(known, key, id)) return [];
    return now === undefined
      ? [`lost: ${key} was acknowledged as ${id}`]
      : [`its place changed: ${key} was acknowledged as ${id} and is ${now}`];
  });
}

/** Of one sender by one node number: what was sent after an acknowledgment has a larger id. */
function judgeOrder(sent: readonly Sent[]): string[] {
  const broken: string[] = [];
  for (const second of sent) {
    const id = second.ids[0];
    if (id === undefined) continue;
    for (const first of sent) {
      if (first.author !== second.author || first.dialog !== second.dialog) continue;
      if (first.ackedAt === null || first.ackedAt >= second.at) continue;
      const before = first.ids[0]!;
      if (nodeOf(before) === nodeOf(id) && compareIds(before, id) >= 0) {
        broken.push(`out of order: ${first.client} (${before}) was acknowledged before ${second.client} (${id})`);
      }
    }
  }
  return broken;
}

function nodeOf(id: string): number {
  return Number(BigInt(id) & 1_023n);
}

function judgePage(page: PageRead, { sent }: Record, truth: Truth, known: Known): string[] {
  const { before, by, dialog, isBlind, messages, next, partial, stable, startedAt } = page;
  const where = `${by} read ${dialog} below ${before ?? "all"} at ${startedAt.toFixed(1)} ms`;
  const broken: string[] = [];
  const seen = new Set<string>();
  const seenIds = new Set<string>();
  for (const { client, from, message } of messages) {
    const key = keyOf(dialog, from, client);
    if (seen.has(key)) broken.push(`${where}: shown twice: ${key}`);
    seen.add(key);
    seenIds.add(message);
    if (!isThere(known, key, message)) {
      broken.push(`${where}: vanished: ${key} was ${message} and is ${known.idOf.get(key) ?? "nowhere"}`);
    }
  }
  if (partial.length > 0) return broken;
  const within = (id: string): boolean =>
    (before === null || compareIds(id, before) < 0) && (next === null || compareIds(id, next) >= 0);
  for (const { author, client, id } of truth.get(dialog) ?? []) {
    const key = keyOf(dialog, author, client);
    if (!within(id) || seenIds.has(id) || seen.has(key)) continue;
    if (compareIds(id, stable) < 0) broken.push(`${where}: no prefix: ${key} is ${id}, below stable ${stable}`);
  }
  if (isBlind) return broken;
  for (const { ackedAt, author, client, dialog: its, ids } of sent) {
    if (its !== dialog || ackedAt === null || ackedAt >= startedAt || !within(ids[0]!)) continue;
    const key = keyOf(dialog, author, client);
    if (seen.has(key)) continue;
    const now = known.idOf.get(key);
    // It moved out of the page, as the exception allows.
    if (now !== undefined && !within(now) && isThere(known, key, ids[0]!)) continue;
    broken.push(`${where}: a hole: ${key} (${ids[0]}) was acknowledged at ${ackedAt.toFixed(1)} ms and is not there`);
  }
  return broken;
}
