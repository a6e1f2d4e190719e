/** One heavy hitter: its true count lies between count − error and count. */
export interface Heavy {
  readonly key: string;
  readonly count: number;
  readonly error: number;
}

export interface SpaceSaving {
  add(key: string): void;
  /** Keys added so far. */
  total(): number;
  /** The `limit` largest, descending. */
  top(limit: number): Heavy[];
}

interface Counter {
  key: string;
  count: number;
  error: number;
}

/**
 * Space-Saving (Metwally, Agrawal, El Abbadi: "Efficient computation of frequent and top-k elements in data streams",
 * 2005): every key with more than total / capacity occurrences is held, and no count is too high by more than that.
 *
 * The counters form a binary min-heap, so that the smallest is replaced in O(log capacity).
 *
 * @param capacity counters kept, at least 1; memory is bounded by it
 */
export function createSpaceSaving(capacity: number): SpaceSaving {
  const heap: Counter[] = [];
  const place = new Map<string, number>();
  let total = 0;

  function put(counter: Counter, index: number): void {
    heap[index] = counter;
    place.set(counter.key, index);
  }

  function sink(start: number): void {
    const counter = heap[start]!;
    let index = start;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.count < heap[child]!.count) child++;
      if (heap[child]!.count >= counter.count) break;
      put(heap[child]!, index);
      index = child;
    }
    put(counter, index);
  }

  return {
    add(key) {
      total++;
      const index = place.get(key);
      if (index !== undefined) {
        heap[index]!.count++;
        sink(index);
      } else if (heap.length < capacity) {
        // Appending 1 keeps the heap: no count is smaller, but a parent may be larger, so the newcomer rises.
        rise(heap, place, { key, count: 1, error: 0 });
      } else {
        const least = heap[0]!;
        place.delete(least.key);
        put({ key, count: least.count + 1, error: least.count }, 0);
        sink(0);
      }
    },
    total: () => total,
    top: (limit) => [...heap].sort((a, b) => b.count - a.count).slice(0, limit),
  };
}

function rise(heap: Counter[], place: Map<string, number>, counter: Counter): void {
  let index = heap.length;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (heap[parent]!.count <= counter.count) break;
    heap[index] = heap[parent]!;
    place.set(heap[index]!.key, index);
    index = parent;
  }
  heap[index] = counter;
  place.set(counter.key, index);
}
