import { composeId, ID_EPOCH_MS, MAX_COUNTER, messageTime } from "../placement/message-id.ts";

export interface IdClock {
  /** Mints the next id: larger than every id minted or observed before. */
  next(): bigint;
  /** The smallest id that `next` may still return. */
  peek(): bigint;
  /** Moves the clock past an id that it did not mint. */
  observe(id: bigint): void;
}

/**
 * Hybrid logical clock (Kulkarni et al., 2014) that mints message ids. Wall time set back, or a burst of more than 4,096
 * ids in a millisecond, never makes an id smaller: the clock then runs ahead of wall time.
 *
 * @param node 0…1023, distinct per process
 * @param now epoch milliseconds
 */
export function createIdClock(node: number, now: () => number = Date.now): IdClock {
  // Ids have no time before their epoch; a wall clock that says so counts as stopped.
  let time = ID_EPOCH_MS;
  let counter = 0;

  function tick(): void {
    const wall = now();
    if (wall > time) {
      time = wall;
      counter = 0;
    } else if (++counter > MAX_COUNTER) {
      time++;
      counter = 0;
    }
  }

  return {
    next() {
      tick();
      return composeId(time, counter, node);
    },
    peek() {
      const wall = now();
      if (wall > time) return composeId(wall, 0, node);
      return counter < MAX_COUNTER ? composeId(time, counter + 1, node) : composeId(time + 1, 0, node);
    },
    observe(id) {
      const seen = messageTime(id);
      if (seen < time) return;
      time = seen + 1;
      counter = 0;
    },
  };
}
