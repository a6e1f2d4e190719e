/** Virtual time: what happens next is the earliest that was put off, and of the same moment what was put off first. */
export interface Timeline {
  /** Milliseconds since the start. */
  now: () => number;
  /** @returns a function that cancels */
  after(ms: number, run: () => void): () => void;
  /**
   * Lets time pass until nothing is left or `isOver`. Between two events every promise settles that can.
   *
   * @throws what an event throws, and after `MOST_EVENTS`
   */
  pass(isOver: () => boolean): Promise<void>;
  /** Events that have happened. */
  events(): number;
}

/** Ten times as many as any system had that was well. */
const MOST_EVENTS = 500_000;

interface Event {
  readonly at: number;
  readonly order: number;
  run: (() => void) | null;
}

export function createTimeline(): Timeline {
  const heap: Event[] = [];
  let now = 0;
  let order = 0;
  let happened = 0;

  function push(event: Event): void {
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (isBefore(heap[above]!, event)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = event;
  }

  function pop(): Event | undefined {
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++;
      if (isBefore(last, heap[below]!)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
    return top;
  }

  function nextEvent(): Event | undefined {
    for (;;) {
      const event = pop();
      if (event === undefined || event.run !== null) return event;
    }
  }

  return {
    now: () => now,
    after(ms, run) {
      const event: Event = { at: now + Math.max(0, ms), order: order++, run };
      push(event);
      return () => void (event.run = null);
    },
    pass: (isOver) =>
      new Promise((resolve, reject) => {
        function step(): void {
          if (isOver()) return resolve();
          const event = nextEvent();
          if (event === undefined) return resolve();
          now = event.at;
          happened++;
          if (happened > MOST_EVENTS) return reject(new Error(`it does not come to rest: ${happened} events`));
          try {
            event.run!();
          } catch (error) {
            return reject(error);
          }
          // Node empties the queue of microtasks, this one and those it brings, before it takes the next tick: the
          // cheapest way to let all promises settle, without a turn of the loop.
          queueMicrotask(() => process.nextTick(step));
        }
        process.nextTick(step);
      }),
    events: () => happened,
  };
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
