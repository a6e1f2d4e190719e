import { compareIds } from "../../../server/placement/message-id.ts";
import { isBelow, type Entry, type Message } from "./dialog-history.ts";
import type { Steps } from "./missing.ts";

/**
 * Everything of a dialog that was shown or acknowledged, ascending by id, each entry told its place.
 *
 * A complete read is in that order already; only what it does not have is sorted.
 *
 * @param longest a complete read
 * @param excluded messages that have no place: nobody sent them, or they have several
 */
export function placeInOrder(
  messages: readonly Message[],
  longest: readonly Entry[],
  excluded: ReadonlyMap<Message, unknown>,
  count: Steps,
): Entry[] {
  const listed: Entry[] = [];
  for (const entry of longest) {
    count.steps++;
    const last = listed.at(-1);
    if (excluded.has(entry.message) || (last !== undefined && !isBelow(last.id, entry.id))) continue;
    entry.place = listed.push(entry) - 1;
  }
  const others = messages
    .filter((message) => !excluded.has(message))
    .flatMap(({ entries }) => entries.filter(({ place }) => place < 0))
    .sort((a, b) => {
      count.steps++;
      return compareIds(a.id, b.id);
    });
  const ordered = others.length === 0 ? listed : merged(listed, others);
  ordered.forEach((entry, place) => (entry.place = place));
  return ordered;
}

function merged(some: readonly Entry[], others: readonly Entry[]): Entry[] {
  const all: Entry[] = [];
  let next = 0;
  for (const entry of some) {
    while (next < others.length && isBelow(others[next]!.id, entry.id)) all.push(others[next++]!);
    all.push(entry);
  }
  return [...all, ...others.slice(next)];
}
