import type { Random } from "../stats/random.ts";
import { createRandom } from "../stats/random.ts";
import { createPicker } from "../stats/sampling.ts";
import type { ClosedShape } from "./arrivals/contract.ts";
import type { Lane, Action } from "./contract.ts";

/** Streams of random numbers: none of the lanes' own. */
const LANE_STREAM = 0x43_4c_4f_53;
const THINK_STREAM = LANE_STREAM + 1;

/** Who writes to whom, of one of the story's lanes. */
export interface ClosedPart {
  /** In proportion to it a message is this part's. */
  readonly rate: number;
  readonly draw: (at: number) => { readonly author: number; readonly to: number };
}

/** What a closed lane is made with. */
export interface ClosedOrder extends ClosedShape {
  readonly gaps: "poisson" | "even";
  readonly seed: number;
  readonly endMs: number;
  readonly parts: readonly ClosedPart[];
  readonly hasAuthor: Lane["hasAuthor"];
}

/**
 * All users of a closed model as one lane: whose turn it is depends on every answer, so one generator makes all of it.
 * The n-th message and the n-th time to think are the same for every driver; the moments follow from the answers.
 * `gaps` is of the thinking: exponential, or always the mean.
 */
export function createClosedLane({ users, thinkS, gaps, seed, endMs, parts, hasAuthor }: ClosedOrder): Lane {
  const meanMs = 1000 * thinkS;
  const random = createRandom(seed, THINK_STREAM);
  const thinks = () => (gaps === "even" ? meanMs : meanMs * random.exponential());
  const due = createQueue();
  // Users who always think for the same time would all begin at once.
  for (let user = 0; user < users; user += 1) due.push(gaps === "even" ? (meanMs * (user + 0.5)) / users : thinks());
  const choose = createChooser(createRandom(seed, LANE_STREAM), parts);
  const dueAt = () => (due.least() < endMs ? due.least() : Number.POSITIVE_INFINITY);
  return {
    // Of the one lane that there is, for whom lanes are dealt out by their rates.
    rate: 1,
    hasAuthor,
    next(): Action | null {
      const at = dueAt();
      if (at === Number.POSITIVE_INFINITY) return null;
      due.pop();
      const { author, to } = choose().draw(at);
      return { at, user: author, do: "send", target: to };
    },
    loop: {
      dueAt,
      answered: (at) => due.push(at + thinks()),
    },
  };
}

/** Draws a part, in proportion to the rates. */
function createChooser(random: Random, parts: readonly ClosedPart[]): () => ClosedPart {
  const busy = parts.filter(({ rate }) => rate > 0);
  const total = busy.reduce((sum, { rate }) => sum + rate, 0);
  const pick = createPicker(busy.map(({ rate }) => rate / total));
  return () => busy[pick(random.uniform)]!;
}

/** Numbers of which the least is taken first: a binary heap. */
function createQueue() {
  const heap: number[] = [];
  return {
    /** Infinity when there is none. */
    least: () => heap[0] ?? Number.POSITIVE_INFINITY,
    push(value: number): void {
      let place = heap.push(value) - 1;
      for (let above = (place - 1) >> 1; place > 0 && heap[above]! > value; above = (place - 1) >> 1) {
        heap[place] = heap[above]!;
        place = above;
      }
      heap[place] = value;
    },
    pop(): void {
      const value = heap.pop();
      if (value === undefined || heap.length === 0) return;
      let place = 0;
      for (let below = 1; below < heap.length; below = 2 * place + 1) {
        if (below + 1 < heap.length && heap[below + 1]! < heap[below]!) below += 1;
        if (heap[below]! >= value) break;
        heap[place] = heap[below]!;
        place = below;
      }
      heap[place] = value;
    },
  };
}
