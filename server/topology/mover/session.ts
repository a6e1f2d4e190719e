import type { Topology } from "../../placement/contract.ts";
import type { MessageRow } from "../../shards/contract.ts";
import type { MessageKey } from "../../shards/moves.ts";
import type { Work } from "../state.ts";
import { MoverError, type MoverParts, type MoverShard, type MoverState, type Moving } from "./contract.ts";
import { createThrottle, type Throttle } from "./throttle.ts";

/** One mover at its work, from the moment it has the token of every shard. */
export interface Session {
  readonly throttle: Throttle;
  /** Rows that there are, as the shards say now. */
  total(): number;
  /** What it has done; the state knows of it up to the last save. */
  work(): Work;
  topology(): Topology;
  shard(label: string): MoverShard;
  /** The last row of the shard that was seen, "done" after all of them, null before the first. */
  cursor(label: string): MessageKey | "done" | null;
  /** Raises a shard to the epoch of the topology, and closes it below the newest segment. */
  seal(label: string): Promise<void>;
  /** @throws {MoverError} MOVER_LOST, SHARD_WENT_BACK, COPY_CLASH */
  copy(label: string, rows: readonly MessageRow[]): Promise<void>;
  /** @returns rows that were removed. @throws {MoverError} MOVER_LOST, SHARD_WENT_BACK */
  remove(label: string, keys: readonly MessageKey[]): Promise<number>;
  /** A chunk is done. Now and then the state is told. */
  advance(label: string, rows: readonly MessageKey[], moved: number): Promise<void>;
  /** The shard is done. */
  finish(label: string): Promise<void>;
  save(change?: Partial<Work>): Promise<void>;
  /** Puts the next topology in place of this one, and the work into its next phase. */
  publish: (...change: Parameters<MoverState["publish"]>) => Promise<void>;
  /** The work is over. @param out those that are out from then on; absent: as before */
  end(out?: (now: Moving) => Moving["out"]): Promise<void>;
}

/** What is to be done, as the state is. */
type Choose = (now: Moving) => Omit<Work, "incarnation" | "node" | "token">;

/**
 * Takes a token and brings it to every shard: from then on whoever had an earlier one moves nothing.
 *
 * @param choose the work, as the state is; what it throws is thrown, and nothing has changed
 * @throws {MoverError} MOVER_LOST, NO_SHARD @throws {StoreError} when a shard cannot be reached
 */
export async function openSession(parts: MoverParts, choose: Choose): Promise<Session> {
  const { clock, isThrottled = () => true, p99Ms, self, state } = parts;
  const begun = await state.update((now) => {
    const token = now.token + 1;
    return { token, work: { ...choose(now), ...self(), token } };
  });
  const labels = begun.topology.shards;
  const shards = labels.map((label) => shardOf(parts, label));
  const throttle = createThrottle(labels, { clock, p99Ms, isOn: isThrottled });
  const work = await takeAll(state, shards, begun.work!);
  return createSession(parts, throttle, begun.topology, work);
}

/**
 * Shards that know a larger token had it of a state that was lost. No mover of that one goes on either.
 *
 * @returns the work with the token that every shard has
 */
async function takeAll(state: MoverState, shards: readonly MoverShard[], work: Work): Promise<Work> {
  let { token } = work;
  for (;;) {
    let largest = token;
    for (const shard of shards) largest = Math.max(largest, await shard.take(token));
    if (largest === token) return { ...work, token };
    const [given, next] = [token, largest + 1];
    await state.update((now) => {
      checkOurs(now, given);
      return { token: next, work: { ...now.work!, token: next } };
    });
    token = next;
  }
}

function createSession(parts: MoverParts, throttle: Throttle, topology: Topology, begun: Work): Session {
  const { chunksPerSave = 16, state } = parts;
  const { token } = begun;
  let work = begun;
  let unsaved = 0;
  /** What a chunk that is under way still brings does not count any more. */
  let isOver = false;

  async function save(change: Partial<Work> = {}): Promise<void> {
    unsaved = 0;
    work = { ...work, ...change };
    ({ topology } = await state.update((now) => {
      checkOurs(now, token);
      return { work };
    }));
  }

  /** A shard has another token. @throws always */
  async function fenced(shard: MoverShard): Promise<never> {
    checkOurs(await state.read(), token);
    if ((await shard.take(token)) > token) throw lost();
    // What was copied there may be gone too.
    isOver = true;
    await save({ cursors: {}, seen: 0, moved: 0 });
    const text = `shard ${shard.label} has forgotten who moves rows there: it was restored from an older copy; begin again`;
    throw new MoverError("SHARD_WENT_BACK", text);
  }

  return {
    throttle,
    total: () => topology.shards.reduce((sum, label) => sum + shardOf(parts, label).reading().storedRows, 0),
    work: () => work,
    topology: () => topology,
    shard: (label) => shardOf(parts, label),
    cursor: (label) => work.cursors[label] ?? null,
    async seal(label) {
      await shardOf(parts, label).seal(topology.epoch, BigInt(topology.segments.at(-1)!.from));
    },
    async copy(label, rows) {
      const shard = shardOf(parts, label);
      const copied = await shard.copy(rows, token);
      if (copied.outcome === "fenced") await fenced(shard);
      if (copied.outcome === "clash") throw clash(label, copied.row, copied.stored);
    },
    async remove(label, keys) {
      const shard = shardOf(parts, label);
      const removed = await shard.remove(keys, token);
      return removed === "fenced" ? fenced(shard) : removed;
    },
    async advance(label, rows, moved) {
      if (isOver) return;
      const { dialog, id } = rows.at(-1)!;
      const cursors = { ...work.cursors, [label]: { dialog, id } };
      work = { ...work, cursors, seen: work.seen + rows.length, moved: work.moved + moved };
      if (++unsaved >= chunksPerSave) await save();
    },
    finish: (label) => save({ cursors: { ...work.cursors, [label]: "done" } }),
    save,
    async publish(change) {
      const made = await state.publish((now) => {
        checkOurs(now, token);
        return change(now);
      });
      checkOurs(made, token);
      ({ topology } = made);
      work = made.work!;
    },
    async end(out) {
      await state.update((now) => {
        checkOurs(now, token);
        return { work: null, ...(out !== undefined && { out: out(now) }) };
      });
    },
  };
}

function shardOf({ shards }: MoverParts, label: string): MoverShard {
  const found = shards().find((shard) => shard.label === label);
  if (found === undefined) throw new MoverError("NO_SHARD", `this server does not have shard ${label}`);
  return found;
}

/** @throws {MoverError} MOVER_LOST */
function checkOurs({ work }: Pick<Moving, "work">, token: number): void {
  if (work?.token !== token) throw lost();
}

function lost(): MoverError {
  return new MoverError("MOVER_LOST", "another mover has taken over");
}

function clash(label: string, { dialog, id }: MessageKey, stored: string | null): MoverError {
  const there =
    stored === null
      ? `another message has that id on shard ${label}`
      : `shard ${label} has the same message, by its author and client id, as ${stored}`;
  return new MoverError("COPY_CLASH", `message ${id} of dialog ${dialog} cannot be copied: ${there}`);
}
