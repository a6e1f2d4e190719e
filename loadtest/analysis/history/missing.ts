import type { Fault } from "./anomaly.ts";
import { isBelow, type Entry, type Message, type PageRead } from "./dialog-history.ts";
import { fault, type Words } from "./evidence.ts";
import type { Finding } from "./judge-dialog.ts";
import { CLOCKS_MS, provenAt } from "./proof.ts";

/** Counts elementary steps. */
export interface Steps {
  steps: number;
}

/** A page that lacks a message. */
interface Miss {
  readonly kind: "lost" | "vanished" | "stale" | "reordered";
  readonly entry: Entry;
  readonly page: PageRead;
  /** A page before it that had the message, below what could still change. */
  readonly seen: PageRead | null;
  /** A page after it that has it. */
  readonly later: PageRead | null;
}

/**
 * What complete pages lack of the messages in their range, each message once: those that were known to be stored before
 * the page was asked for, and those below the page's `stable` that turned up in any other line.
 *
 * The last page that lacks a message shows what became of it for good, so pages are taken from the last to the first, and
 * what was found missing is passed over from then on: each page walks over what it has, and what was in flight beside it.
 *
 * @param ordered everything that was ever shown or acknowledged, ascending by id; each entry's `place` is its index
 * @param pages by the moment at which they were asked for
 */
export function missingFrom(
  pages: readonly PageRead[],
  ordered: readonly Entry[],
  words: Words,
  count: Steps,
): Finding[] {
  const found = new Map<Message, Finding>();
  const walk: Walk = { ordered, soonest: soonestFrom(ordered), left: createPlaces(ordered.length), count };
  for (const page of pages.toReversed()) {
    if (!page.isComplete) continue;
    for (const { entry, isElsewhere, wasKnown } of lackedBy(page, walk)) {
      const { message } = entry;
      walk.left.remove(entry.place);
      if (isElsewhere || found.has(message)) continue;
      found.set(message, { message, fault: faultOf(missOf(entry, page, wasKnown), words) });
    }
  }
  return [...found.values()];
}

interface Walk {
  readonly ordered: readonly Entry[];
  /** For each place the earliest moment at which anything at or behind it was known to be stored, ms. */
  readonly soonest: Float64Array;
  /** Places that pages are held to. */
  readonly left: Places;
  readonly count: Steps;
}

/** What one complete page should have and has not. */
function* lackedBy(page: PageRead, { ordered, soonest, left, count }: Walk) {
  const [from, until, stable] = rangeOf(page, ordered, count);
  const listed = inPlaces(page.entries);
  for (let place = left.from(from), next = 0; place < until; place = left.from(place + 1)) {
    count.steps++;
    while (next < listed.length && listed[next]!.place < place) next++;
    if (listed[next]?.place === place) continue;
    if (place >= stable && soonest[place]! + CLOCKS_MS >= page.begin) return;
    const entry = ordered[place]!;
    const wasKnown = provenAt(entry) + CLOCKS_MS < page.begin;
    if (!wasKnown && place >= stable) continue;
    // A message that moved is there by its later id, or that one has a place where this page does not look.
    const isElsewhere = entry.message.entries.some((other) => other.place >= until || listed.includes(other));
    yield { entry, isElsewhere, wasKnown };
  }
}

function soonestFrom(ordered: readonly Entry[]): Float64Array {
  const soonest = new Float64Array(ordered.length);
  for (let place = ordered.length - 1; place >= 0; place--)
    soonest[place] = Math.min(provenAt(ordered[place]!), soonest[place + 1] ?? Infinity);
  return soonest;
}

interface Places {
  /** The first one at or behind this that was not removed, in next to no time however many were. */
  from(place: number): number;
  remove(place: number): void;
}

function createPlaces(count: number): Places {
  const next = Int32Array.from({ length: count + 1 }, (_, place) => place);
  return {
    from(place) {
      let at = place;
      // Halves the way for the next one (Tarjan & van Leeuwen, 1984).
      while (next[at]! !== at) at = next[at] = next[next[at]!]!;
      return at;
    },
    remove: (place) => void (next[place] = place + 1),
  };
}

/** First and last place (exclusive) that a page covers, and the first that is not below its `stable`. */
function rangeOf({ before, next, stable }: PageRead, ordered: readonly Entry[], count: Steps) {
  const placeOf = (id: string | undefined, otherwise: number) =>
    id === undefined ? otherwise : placeFrom(ordered, id, count);
  return [placeOf(next, 0), placeOf(before, ordered.length), placeOf(stable, 0)] as const;
}

/** The first place with such an id or a larger one. */
function placeFrom(ordered: readonly Entry[], id: string, count: Steps): number {
  let [low, high] = [0, ordered.length];
  while (low < high) {
    count.steps++;
    const middle = (low + high) >>> 1;
    if (isBelow(ordered[middle]!.id, id)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Those that have a place, in its order: a page that is not is told of elsewhere. */
function inPlaces(entries: readonly Entry[]): readonly Entry[] {
  const placed = entries.filter(({ place }) => place >= 0);
  const isAscending = placed.every(({ place }, index) => index === 0 || placed[index - 1]!.place < place);
  return isAscending ? placed : placed.sort((a, b) => a.place - b.place);
}

function missOf(entry: Entry, page: PageRead, wasKnown: boolean): Miss {
  const { entries } = entry.message;
  const seen = entries.flatMap(({ settledIn }) => settledIn ?? []).find(({ at }) => at <= page.begin) ?? null;
  const later = entries.flatMap(({ lastIn }) => lastIn ?? []).find(({ begin }) => begin >= page.begin) ?? null;
  const isAcked = entries.some(({ acked }) => acked !== null);
  const kind =
    seen !== null ? "vanished" : !wasKnown ? "reordered" : later !== null ? "stale" : isAcked ? "lost" : "vanished";
  return { kind, entry, page, seen, later };
}

function faultOf({ kind, entry, page, seen, later }: Miss, words: Words): Fault {
  const name = () => words.name(entry.message);
  const lacks = () => words.page(page, `does not list ${name()} (${entry.id})`);
  const has = (other: PageRead | null) => other && words.page(other, `lists ${name()} (${entry.id})`);
  const known = () => words.known(entry);
  if (kind === "reordered") {
    const says = () => `${name()} was stored below what a read had called stable.`;
    return fault(kind, () => [says(), lacks(), has(later) ?? known()]);
  }
  if (kind === "stale") {
    const says = () => `${name()} was stored when a read began that lacks it.`;
    return fault(kind, () => [says(), known(), lacks(), has(later)]);
  }
  if (kind === "lost")
    return fault(kind, () => [`${name()} was acknowledged, and no later read has it.`, known(), lacks()]);
  const what = seen === null ? "was shown, and no later read has it" : "was in the history for good, and then was not";
  return fault(kind, () => [`${name()} ${what}.`, has(seen) ?? known(), lacks()]);
}
