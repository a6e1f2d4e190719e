import { compareIds } from "../placement/message-id.ts";
import type { MessageRow } from "../shards/contract.ts";
import type { MessageKey } from "../shards/moves.ts";

/** A shard that is read from its first message to its last. */
export interface RowSource {
  readonly label: string;
  /** The next rows in the order of (dialog, id); none at the end. */
  readonly page: (after: MessageKey | null) => Promise<readonly MessageRow[]>;
}

/** One message, and every shard that holds it. */
export interface HeldRow {
  readonly row: MessageRow;
  readonly held: readonly { readonly shard: string; readonly row: MessageRow }[];
}

interface Cursor {
  readonly source: RowSource;
  rows: readonly MessageRow[];
  at: number;
}

/**
 * The messages of all shards in the order of (dialog, id), each once; one page of each shard is in memory.
 *
 * @param onLost told of a shard that fails: it is left out from there on
 */
export async function* mergeRows(
  sources: readonly RowSource[],
  onLost: (label: string, error: unknown) => void,
): AsyncGenerator<HeldRow> {
  async function fill(cursor: Cursor, after: MessageKey | null): Promise<Cursor | null> {
    try {
      cursor.rows = await cursor.source.page(after);
      cursor.at = 0;
    } catch (error) {
      onLost(cursor.source.label, error);
      return null;
    }
    return cursor.rows.length === 0 ? null : cursor;
  }

  const first = await Promise.all(sources.map((source) => fill({ source, rows: [], at: 0 }, null)));
  let open = first.filter((cursor) => cursor !== null);
  while (open.length > 0) {
    const least = open.map(headOf).reduce((a, b) => (compareKeys(a, b) <= 0 ? a : b));
    const here = open.filter((cursor) => compareKeys(headOf(cursor), least) === 0);
    yield { row: least, held: here.map((cursor) => ({ shard: cursor.source.label, row: headOf(cursor) })) };
    for (const cursor of here) {
      cursor.at += 1;
      if (cursor.at < cursor.rows.length) continue;
      if ((await fill(cursor, cursor.rows.at(-1)!)) === null) open = open.filter((one) => one !== cursor);
    }
  }
}

function headOf({ at, rows }: Cursor): MessageRow {
  return rows[at]!;
}

/** Dialog ids are ASCII: the order of their characters is that of their bytes. */
function compareKeys(a: MessageKey, b: MessageKey): number {
  if (a.dialog !== b.dialog) return a.dialog < b.dialog ? -1 : 1;
  return compareIds(a.id, b.id);
}
