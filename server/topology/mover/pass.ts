import type { MessageRow } from "../../shards/contract.ts";
import type { IdRange, MessageKey } from "../../shards/moves.ts";
import { MoverError, type MoverShard } from "./contract.ts";
import type { Session } from "./session.ts";

/** What is done with one chunk. */
export interface Handled {
  /** Shards that it wrote to, beside the one it was read from. */
  readonly touched: Iterable<string>;
  /** The rest of it, while the next chunk is begun. @returns rows that were moved or removed */
  finish(): Promise<number>;
}

export interface Pass {
  /** Shards whose rows are looked at. */
  readonly labels: readonly string[];
  readonly range: IdRange;
  readonly handle: (source: MoverShard, rows: readonly MessageRow[]) => Promise<Handled>;
}

export interface PassParts {
  readonly now: () => number;
  readonly chunkRows: number;
  readonly isStopped: () => boolean;
}

/** The fewest rows in a chunk of a mover that is slowed down. */
const LEAST_CHUNK = 100;

/**
 * Goes through the rows of shards chunk by chunk, in the order of their keys, from where the work was left. A shard is
 * sealed first: none of the rows in the range comes later.
 */
export async function passOver(session: Session, pass: Pass, parts: PassParts): Promise<void> {
  for (const label of pass.labels) {
    if (session.cursor(label) === "done") continue;
    await session.seal(label);
    await passShard(session, session.shard(label), pass, parts);
    await session.finish(label);
  }
}

/** While a chunk is written, the one before it is finished and the next is read. */
async function passShard(session: Session, source: MoverShard, pass: Pass, parts: PassParts): Promise<void> {
  const { chunkRows, isStopped, now } = parts;
  const { label } = source;
  const { throttle } = session;
  let finishing: Promise<void> = Promise.resolve();
  const size = (): number => Math.max(Math.min(LEAST_CHUNK, chunkRows), Math.floor(chunkRows * throttle.duty()));
  const after = session.cursor(label) as MessageKey | null;
  for await (const rows of pages(source, pass.range, after, size)) {
    const start = now();
    const [handled] = await Promise.all([pass.handle(source, rows), finishing]);
    finishing = handled.finish().then((moved) => session.advance(label, rows, moved));
    // It is waited for after the pause.
    finishing.catch(() => undefined);
    await throttle.pause([label, ...handled.touched], now() - start);
    if (!isStopped()) continue;
    await finishing;
    await session.save();
    throw new MoverError("MOVER_STOPPED", "the mover was stopped; it goes on from here when it is begun again");
  }
  await finishing;
}

/** Pages of a shard's rows; the next one is read while one is used. @param size of the page that is read next */
async function* pages(
  shard: MoverShard,
  range: IdRange,
  start: MessageKey | null,
  size: () => number,
): AsyncGenerator<readonly MessageRow[]> {
  const read = (after: MessageKey | null) => {
    const limit = size();
    const page = shard.scan(after, range, limit).then((rows) => ({ rows, isLast: rows.length < limit }));
    page.catch(() => undefined);
    return page;
  };
  for (let next = read(start); ;) {
    const { isLast, rows } = await next;
    if (rows.length === 0) return;
    if (!isLast) next = read(rows.at(-1)!);
    yield rows;
    if (isLast) return;
  }
}
