import { composeId, ID_EPOCH_MS, MAX_COUNTER, messageTime, TIME_SHIFT } from "../placement/message-id.ts";
import type { Grant } from "./state.ts";

/** Mints message ids, which ascend. */
export interface Ids {
  /** Null when the grant has run out: nothing may be written until it is renewed. */
  next(): bigint | null;
  /** The smallest id that `next` may still return, now or after the next grant. */
  peek(): bigint;
  /** The same, and no id that is not granted yet: whoever comes later begins above what was granted. */
  stable(): bigint;
  /** From now on `next` returns nothing below `boundary`. */
  pass(boundary: bigint): void;
}

/** Ids that come after what a client has seen, too. */
export interface OrderedIds extends Ids {
  /**
   * From now on `next` returns ids above this one, which another server gave out.
   * @returns false when no server of this system can have given it out yet: then nothing has changed
   */
  after(id: bigint): boolean;
}

/** Ids out of one grant after another. */
export interface GrantedIds extends Ids {
  /** Mints from here on inside this grant: another one, or the same with a later end. */
  use(grant: Grant): void;
  /** Mints nothing until the next grant. */
  stop(): void;
}

/** Bits below the milliseconds. */
const BELOW = 2n ** BigInt(TIME_SHIFT) - 1n;

/**
 * A hybrid logical clock (Kulkarni et al., 2014) that mints inside grants. Wall time set back, or a burst of more than
 * 4,096 ids in a millisecond, never makes an id smaller: the clock then runs ahead of wall time. A wall clock that has
 * reached the grant's end has run it out.
 *
 * @param now Unix ms
 */
export function createGrantedIds(now: () => number): GrantedIds {
  // The smallest moment that is not used. Ids have no time before their epoch: a wall clock that says so counts as
  // stopped.
  let time = ID_EPOCH_MS;
  let counter = 0;
  let node = 0;
  /** Ids of this millisecond and later are not granted. */
  let untilMs = ID_EPOCH_MS;
  /** The end of the last grant, whether or not it may be used. */
  let grantedMs = ID_EPOCH_MS;

  function tick(): void {
    const wall = Math.floor(now());
    if (wall <= time) return;
    time = wall;
    counter = 0;
  }

  function pass(boundary: bigint): void {
    // Within its millisecond the counter is above the node: whoever is not at its start passes it whole.
    const ms = messageTime(boundary) + ((boundary & BELOW) === 0n ? 0 : 1);
    if (ms <= time) return;
    time = ms;
    counter = 0;
  }

  return {
    next() {
      tick();
      if (time >= untilMs) return null;
      const id = composeId(time, counter, node);
      if (counter < MAX_COUNTER) counter++;
      else {
        time++;
        counter = 0;
      }
      return id;
    },
    peek() {
      // What is told stays true when the wall clock is set back after it.
      tick();
      return composeId(time, counter, node);
    },
    stable() {
      tick();
      return time < grantedMs ? composeId(time, counter, node) : composeId(grantedMs, 0, 0);
    },
    pass,
    use(grant) {
      // Under another number the same moment may be a smaller id.
      if (grant.node !== node) pass(composeId(time, counter, node));
      node = grant.node;
      pass(BigInt(grant.from));
      untilMs = messageTime(BigInt(grant.until));
      grantedMs = untilMs;
    },
    stop() {
      untilMs = ID_EPOCH_MS;
    },
  };
}
