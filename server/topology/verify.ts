import type { Topology } from "../placement/contract.ts";
import { compileTopology } from "../placement/router.ts";
import type { MisplacedMessage, Verification } from "../protocol/shards.ts";
import type { MessageRow } from "../shards/contract.ts";
import { mergeRows, type HeldRow, type RowSource } from "./merged-rows.ts";

/** What `verify` finds by the rows alone. */
export type Compared = Omit<Verification, "shards"> & {
  readonly shards: readonly Omit<Verification["shards"][number], "digest">[];
};

/** Examples of each kind of fault. */
const EXAMPLES = 3;

/**
 * Compares what the shards hold with what the topology says: every message on its owner, once, and nothing else.
 *
 * It reads every row, in pages; nobody is held up. Messages that come while it reads are judged too if it meets them.
 * While rows are being moved its answer means nothing.
 *
 * @param sources every shard
 * @param progress told the number of rows after each message
 * @param signal gives up. @throws its reason
 */
export async function verify(
  topology: Topology,
  sources: readonly RowSource[],
  progress: (rows: number) => void = () => {},
  signal?: AbortSignal,
): Promise<Compared> {
  const router = compileTopology(topology);
  const shards = new Map(sources.map(({ label }) => [label, { shard: label, rows: 0, misplaced: 0, copies: 0 }]));
  const unreachable = new Set<string>();
  const counts = { messages: 0, dialogs: 0, differing: 0, twins: 0 };
  const examples: MisplacedMessage[] = [];
  /** Authors and client ids of the dialog's messages, if several shards may hold it. */
  const tries = new Set<string>();
  let dialog = "";
  let isSpread = false;
  let rows = 0;

  function fault(kind: MisplacedMessage["fault"], { dialog, id }: MessageRow, shard: string, owner: string): void {
    if (examples.filter((example) => example.fault === kind).length >= EXAMPLES) return;
    examples.push({ fault: kind, dialog, message: id, shard, owner });
  }

  function judgePlaces({ held, row }: HeldRow, owner: string): void {
    const own = held.find(({ shard }) => shard === owner);
    for (const { row: other, shard } of held) {
      if (shard === owner) continue;
      const count = shards.get(shard)!;
      if (own === undefined) {
        count.misplaced += 1;
        fault("misplaced", row, shard, owner);
      } else if (isSame(own.row, other)) {
        count.copies += 1;
        fault("copy", row, shard, owner);
      } else {
        counts.differing += 1;
        fault("differing", row, shard, owner);
      }
    }
  }

  for await (const message of mergeRows(sources, (label) => unreachable.add(label))) {
    const { held, row } = message;
    for (const { shard } of held) shards.get(shard)!.rows += 1;
    rows += held.length;
    counts.messages += 1;
    if (row.dialog !== dialog) {
      dialog = row.dialog;
      isSpread = router.shardsOf(dialog).length > 1;
      counts.dialogs += 1;
      tries.clear();
    }
    const owner = router.labels[router.place({ ...row, id: BigInt(row.id) })]!;
    judgePlaces(message, owner);
    // A shard's unique index sees to its own rows.
    const key = `${row.author} ${row.client}`;
    if (isSpread && tries.has(key)) {
      counts.twins += 1;
      fault("twin", row, held[0]!.shard, owner);
    }
    if (isSpread) tries.add(key);
    progress(rows);
    signal?.throwIfAborted();
  }
  const found = [...shards.values()];
  const isClean = found.every(({ copies, misplaced }) => copies + misplaced === 0);
  return {
    epoch: topology.epoch,
    ...counts,
    shards: found,
    unreachable: [...unreachable],
    examples,
    match: isClean && counts.differing + counts.twins + unreachable.size === 0,
  };
}

function isSame(a: MessageRow, b: MessageRow): boolean {
  return a.author === b.author && a.recipient === b.recipient && a.client === b.client && a.text === b.text;
}
