import type { Heavy, Summary } from "./heavy-hitters.ts";

export interface SpaceSaving {
  add(key: string): void;
  /** What it holds now, largest first: as many counters as it has. */
  summary(): Summary;
}

interface Counter {
  key: string;
  count: number;
  error: number;
  /** Where it is in the heap. */
  index: number;
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
  const counters = new Map<string, Counter>();
  let total = 0;

  return {
    add(key) {
      total++;
      const known = counters.get(key);
      if (known !== undefined) {
        known.count++;
        sink(heap, known);
      } else if (heap.length < capacity) {
        const counter = { key, count: 1, error: 0, index: heap.length };
        counters.set(key, counter);
        rise(heap, counter);
      } else {
        const least = heap[0]!;
        counters.delete(least.key);
        least.key = key;
        least.error = least.count++;
        counters.set(key, least);
        sink(heap, least);
      }
    },
    summary() {
      const heavy = heap.map(({ key, count, error }): Heavy => ({ key, count, error }));
      return {
        total,
        heavy: heavy.sort((a, b) => b.count - a.count),
        absent: heap.length < capacity ? 0 : heap[0]!.count,
      };
    },
  };
}

function put(heap: Counter[], counter: Counter, index: number): void {
  heap[index] = counter;
  counter.index = index;
}

function sink(heap: Counter[], counter: Counter): void {
  let index = counter.index;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1]!.count < heap[child]!.count) child++;
    if (heap[child]!.count >= counter.count) break;
    put(heap, heap[child]!, index);
    index = child;
  }
  put(heap, counter, index);
}

/** Appending a count of 1 breaks no rule below it, but its parent may be larger. */
function rise(heap: Counter[], counter: Counter): void {
  let index = counter.index;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (heap[parent]!.count <= counter.count) break;
    put(heap, heap[parent]!, index);
    index = parent;
  }
  put(heap, counter, index);
}
