import type { Slice } from "../../measurement/measurement.ts";
import type { Result } from "../result/result.ts";

/** Fewer messages in a row are an error, not an outage. */
const LEAST_MESSAGES = 3;
/** A shorter time is a hiccup, ms. */
const LEAST_MS = 250;
/** Between two messages of one outage, ms; on a quiet shard as long as five of its usual gaps. */
const LARGEST_GAP_MS = 1_000;
const USUAL_GAPS = 5;
/** Of the messages that were offered in an outage; with fewer the shard answered in between. */
const MOST_OF_THEM = 0.5;

export interface OutageInput {
  readonly shard: string;
  /** As `Failures.unanswered`. */
  readonly unanswered: readonly number[];
  /** Messages that were offered to the shard per second. */
  readonly offeredPerS: number;
  /** The run's slices; those of other shards are passed over. */
  readonly slices: readonly Pick<Slice, "second" | "seconds" | "shard" | "acked">[];
}

/**
 * The outages of a shard: stretches of time in which at least half of its messages have no answer, with no whole slice
 * between two of them in which it acknowledged anything.
 */
export function outagesOf({ shard, unanswered, offeredPerS, slices }: OutageInput): Result["outages"] {
  const largestGap = Math.max(LARGEST_GAP_MS, (USUAL_GAPS * 1_000) / Math.max(offeredPerS, 1e-9));
  const alive = slices.filter((slice) => slice.shard === shard && slice.acked > 0);
  const stretches: { from: number; until: number; messages: number }[] = [];
  for (const at of unanswered) {
    const last = stretches.at(-1);
    if (last !== undefined && at - last.until <= largestGap && !wasAlive(alive, last.until, at)) {
      last.until = at;
      last.messages += 1;
    } else stretches.push({ from: at, until: at, messages: 1 });
  }
  return stretches
    .filter(({ from, until, messages }) => {
      const due = (offeredPerS * (until - from)) / 1_000;
      return messages >= Math.max(LEAST_MESSAGES, MOST_OF_THEM * due) && until - from >= LEAST_MS;
    })
    .map(({ from, until, messages }) => ({ shard, fromS: from / 1_000, untilS: until / 1_000, messages }));
}

/** Whether a whole slice between the two moments (ms) had an acknowledgement. */
function wasAlive(alive: OutageInput["slices"], from: number, until: number): boolean {
  return alive.some(({ second, seconds = 1 }) => second * 1_000 >= from && (second + seconds) * 1_000 <= until);
}
