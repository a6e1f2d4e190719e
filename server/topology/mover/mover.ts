import { MOVED_ROWS } from "../../shards/moves.ts";
import { MoverError, type MoverParts, type MoverReading, type MoveReport } from "./contract.ts";
import { passOver, type PassParts } from "./pass.ts";
import { copyPass, deletePass, publishRebalanced, rebalanceWork } from "./rebalance.ts";
import { returnPass, returnWork } from "./return.ts";
import { openSession, type Session } from "./session.ts";

/**
 * Moves rows between shards, one work at a time in the whole system. A work that ended early, by an error or with its
 * process, goes on when it is begun again, on whatever node.
 */
export interface Mover {
  /**
   * Brings every message to where the newest segment would put it, rewrites the closed segments so, and removes what is
   * left elsewhere.
   *
   * @throws {MoverError} @throws {StoreError} when a shard is lost @throws {StateError}
   */
  rebalance(): Promise<MoveReport>;
  /** Makes a shard readable that was taken out and takes messages again. Throws as `rebalance` does. */
  bringBack(shard: string): Promise<MoveReport>;
  /** Ends the work that is under way after the chunk that is; it rejects with MOVER_STOPPED. */
  stop(): void;
  /** Null while nothing is under way here. */
  reading(): MoverReading | null;
}

export function createMover(parts: MoverParts): Mover {
  const { chunkRows = MOVED_ROWS, clock, self, state } = parts;
  let isBusy = false;
  let isStopped = false;
  let current: Session | null = null;
  /** Of this phase. */
  let start = { at: 0, seen: 0, total: 0 };
  const passParts: PassParts = { now: () => clock.now(), chunkRows, isStopped: () => isStopped };

  async function alone<T>(run: () => Promise<T>): Promise<T> {
    if (isBusy) throw new MoverError("WORK_UNDER_WAY", "this server moves rows already");
    isBusy = true;
    isStopped = false;
    try {
      return await run();
    } finally {
      isBusy = false;
      current = null;
    }
  }

  function beginPhase(session: Session): void {
    current = session;
    start = { at: clock.now(), seen: session.work().seen, total: session.total() };
  }

  async function rebalanceOnce(): Promise<MoveReport> {
    const session = await openSession(parts, (now) => rebalanceWork(now, self(), clock.wall()));
    beginPhase(session);
    let copied = 0;
    let kept = 0;
    if (session.work().phase === "copy") {
      await passOver(session, copyPass(session), passParts);
      copied = session.work().moved;
      await publishRebalanced(session);
      beginPhase(session);
    }
    const onKept = (rows: number): void => void (kept += rows);
    await passOver(session, deletePass(session, onKept), passParts);
    await session.end();
    return { copied, removed: session.work().moved, kept };
  }

  return {
    rebalance: () =>
      alone(async () => {
        let report = await rebalanceOnce();
        // A segment was appended meanwhile, or what was done was the rest of an earlier one.
        while ((await state.read()).topology.segments.length > 1) report = added(report, await rebalanceOnce());
        return report;
      }),
    bringBack: (shard) =>
      alone(async () => {
        const session = await openSession(parts, (now) => returnWork(now, self(), shard, clock.wall()));
        beginPhase(session);
        // Rows are removed from any of them.
        for (const label of session.topology().shards) await session.seal(label);
        const { from } = (await state.read()).out.find(({ label }) => label === shard)!;
        await passOver(session, returnPass(session, from), passParts);
        await session.end(({ out }) => out.filter(({ label }) => label !== shard));
        return { copied: 0, removed: session.work().moved, kept: 0 };
      }),
    stop: () => void (isStopped = true),
    reading() {
      if (current === null) return null;
      const { kind, moved, phase, seen } = current.work();
      const { throttle } = current;
      // Copies are looked at too, where they meet a shard whose turn comes later.
      const total = kind === "rebalance" ? Math.max(start.total, seen) : null;
      const seconds = (clock.now() - start.at) / 1_000;
      const rowsPerSecond = seconds === 0 ? 0 : (seen - start.seen) / seconds;
      const left = total === null ? null : total - seen;
      const remainingSeconds = left === null || rowsPerSecond === 0 ? null : left / rowsPerSecond;
      return { kind, phase, seen, moved, total, rowsPerSecond, remainingSeconds, duty: throttle.duty() };
    },
  };
}

function added(one: MoveReport, other: MoveReport): MoveReport {
  return {
    copied: one.copied + other.copied,
    removed: one.removed + other.removed,
    kept: one.kept + other.kept,
  };
}
