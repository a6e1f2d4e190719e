import type { Fault } from "./anomaly.ts";
import { isBelow, type Arrival, type DialogHistory, type Message } from "./dialog-history.ts";
import { fault, type Words } from "./evidence.ts";
import type { Finding } from "./judge-dialog.ts";

/**
 * Messages that an author sent when an earlier one was acknowledged, and that have a smaller id all the same.
 *
 * Judged by the order of the author's own lines, so that no two clocks are compared.
 */
export function reversedIds(messages: Iterable<Message>, words: Words): Finding[] {
  const found: Finding[] = [];
  for (const message of messages) {
    const { floor } = message;
    const entry = message.entries.find(({ acked }) => acked !== null);
    if (floor === null || entry === undefined || !isBelow(entry.id, floor.id)) continue;
    const told = fault("reordered", () => [
      `${words.name(message)} stands before message ${floor.message.seq}, acknowledged before it was sent.`,
      words.acked(floor),
      words.invoked(message),
      words.acked(entry),
    ]);
    found.push({ message, beside: floor.message, fault: told });
  }
  return found;
}

/**
 * Messages that came to their reader after one of the same author that was sent when they were acknowledged already.
 */
export function reversedArrivals({ authors }: DialogHistory, words: Words): Finding[] {
  const found: Finding[] = [];
  for (const { arrivals } of authors.values()) {
    let latest: Arrival | null = null;
    for (const arrival of arrivals) {
      const { message } = arrival.entry;
      if (message.settledAs > 0 && latest !== null && message.settledAs <= latest.entry.message.settled)
        found.push({ message, fault: reversedArrival(arrival, latest, words) });
      if (latest === null || message.settled > latest.entry.message.settled) latest = arrival;
    }
  }
  return found;
}

function reversedArrival({ entry, mark }: Arrival, later: Arrival, words: Words): Fault {
  const { message } = entry;
  return fault("reordered", () => [
    `${words.name(message)} came after message ${later.entry.message.seq}, sent when it was acknowledged.`,
    words.known(message.entries.find(({ acked }) => acked !== null) ?? entry),
    words.invoked(later.entry.message),
    words.shown(later.entry, later.mark),
    words.shown(entry, mark),
  ]);
}
