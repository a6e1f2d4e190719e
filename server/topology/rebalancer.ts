import { ConfigError } from "../config-error.ts";
import type { MoveEnd, MoveStatus, MoveWork } from "../protocol/shards.ts";
import { isLostShard } from "../shards/contract.ts";
import { asError, patiently, type NodeClock, type Tell } from "./event.ts";
import { MoverError, type Moving } from "./mover/contract.ts";
import type { Mover } from "./mover/mover.ts";
import type { Work } from "./state.ts";
import { StateError } from "./state-store.ts";

/** Rebalances that operators begin, watch and end; they go on while nobody looks. */
export interface Rebalancer {
  /**
   * Begins one, or goes on with one that was left.
   *
   * @param throttle false: as fast as it goes
   * @throws {ConfigError} MOVING, SHARD_OUT and what else the mover refuses at once @throws {StateError} {StoreError}
   */
  begin(throttle: boolean): Promise<void>;
  /** Ends what this server moves after the chunk that is under way. @throws {ConfigError} NOT_MOVING */
  stop(): void;
  /** @throws {StateError} */
  status(): Promise<MoveStatus>;
  /** Whether the mover shall slow down for the sake of messages. */
  isThrottled(): boolean;
  /** Ends what is under way, and resolves when it has ended. */
  close(): Promise<void>;
}

export interface RebalancerParts {
  readonly mover: Pick<Mover, "reading" | "rebalance" | "stop">;
  readonly read: () => Promise<Pick<Moving, "isBusy" | "topology" | "work">>;
  /** Number of this server. */
  readonly node: () => number;
  readonly clock: NodeClock;
  readonly tell: Tell;
}

/** What cannot be moved is mostly found out within this, ms. */
const REFUSED_MS = 500;

export function createRebalancer({ clock, mover, node, read, tell }: RebalancerParts): Rebalancer {
  let throttled = true;
  let running: Promise<void> | null = null;
  let last: MoveEnd | null = null;

  async function run(): Promise<void> {
    try {
      const moved = await mover.rebalance();
      last = { at: clock.wall(), moved };
      tell({ level: "info", text: `rebalanced: ${moved.copied} rows copied, ${moved.removed} removed` });
    } catch (error) {
      last = { at: clock.wall(), error: reasonOf(error) };
      const isWish = error instanceof MoverError && error.code === "MOVER_STOPPED";
      const text = "a rebalance ended early: it goes on from there when it is begun again";
      tell(isWish ? { level: "info", text } : { level: "warn", text, error: asError(error) });
      throw error;
    } finally {
      running = null;
    }
  }

  return {
    async begin(throttle) {
      if (running !== null) throw new ConfigError("MOVING", "this server moves messages already");
      throttled = throttle;
      running = run();
      running.catch(() => undefined);
      try {
        await patiently(clock, REFUSED_MS, running);
      } catch (error) {
        throw error instanceof MoverError ? refusal(error) : error;
      }
    },
    stop() {
      if (running === null) throw new ConfigError("NOT_MOVING", "this server moves no messages now");
      mover.stop();
    },
    async status() {
      const now = await read();
      const { epoch, segments } = now.topology;
      return { epoch, waiting: segments.length - 1, work: now.work && workOf(now.work, now.isBusy), last };
    },
    async close() {
      mover.stop();
      await running?.catch(() => undefined);
    },
    isThrottled: () => throttled,
  };

  /** What this server does it knows to the row; what another does the state says now and then. */
  function workOf(work: Work, isBusy: boolean): MoveWork {
    const { kind, moved, phase, seen, shard, since } = work;
    const told = { kind, phase, ...(shard !== undefined && { shard }), node: work.node, since, seen, moved };
    const isOwn = work.node === node();
    const own = isOwn ? mover.reading() : null;
    if (own === null) {
      return { ...told, active: !isOwn && isBusy, of: null, rowsPerS: null, remainingS: null, duty: null };
    }
    const { remainingSeconds, rowsPerSecond, total, ...now } = own;
    return { ...told, ...now, active: true, of: total, rowsPerS: rowsPerSecond, remainingS: remainingSeconds };
  }
}

function refusal({ code, message }: MoverError): ConfigError {
  return new ConfigError(code === "WORK_UNDER_WAY" ? "MOVING" : code, message);
}

/** Where a store lives is for the log. */
function reasonOf(error: unknown): NonNullable<MoveEnd["error"]> {
  if (error instanceof MoverError) return { code: error.code, message: error.message };
  if (error instanceof StateError) return { code: "STALE_TOPOLOGY", message: `${error.message}; ${error.remedy}` };
  const again = "begin it again when that is mended: it goes on from there";
  if (isLostShard(error)) return { code: "SHARD_UNAVAILABLE", message: `a shard does not answer; ${again}` };
  return { code: "INTERNAL", message: `a fault of the server, logged there; ${again}` };
}
