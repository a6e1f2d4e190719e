import type { Fault } from "./anomaly.ts";
import { isBelow, type Entry, type Message, type PageRead } from "./dialog-history.ts";
import { fault, type Words } from "./evidence.ts";
import type { Finding } from "./judge-dialog.ts";

/** What the lists themselves show. */
export interface Listed {
  /** Messages that one read has more than once. */
  readonly twice: readonly Finding[];
  /** Messages that do not stand where their ids say. */
  readonly outOfOrder: readonly Finding[];
  /** Messages that one read listed under two ids. */
  readonly together: ReadonlySet<Message>;
  /** The complete read, from the newest message to the oldest, with the most of them, as its entries in ascending order. */
  readonly longest: readonly Entry[];
  /** When the last such read began, ms; −∞: there was none. */
  readonly lastWholeAt: number;
}

interface Read {
  readonly pages: PageRead[];
  /** Of the page before, newest first. */
  oldest: Entry | null;
  size: number;
  /** Every page so far followed on the one before and was complete. */
  isComplete: boolean;
}

/**
 * Reads page by page, and each read as the one list that its pages make: ascending by id, no message twice. Notes in each
 * entry which pages held it.
 *
 * @param pages by the moment at which they were asked for
 */
export function readLists(pages: readonly PageRead[], words: Words): Listed {
  const reads = new Map<number, Read>();
  const twice: Finding[] = [];
  const outOfOrder: Finding[] = [];
  const together = new Set<Message>();
  let longest: Read | null = null;
  let lastWholeAt = Number.NEGATIVE_INFINITY;
  for (const page of pages) {
    const read = readOf(reads, page);
    let before: Entry | null = null;
    for (const entry of page.entries) {
      const { message } = entry;
      note(entry, page);
      const isTwice = entry.listedBy === page.read;
      if (isTwice) twice.push({ message, fault: listedTwice(page, entry, words) });
      // Of the page before this one, which is the newer one, everything is newer.
      const wrong = before !== null && !isBelow(before.id, entry.id) ? before : above(entry, read.oldest);
      if (!isTwice && wrong !== null)
        outOfOrder.push({ message, beside: wrong.message, fault: misplaced(page, wrong, entry, words) });
      if (message.entries.some((other) => other !== entry && other.listedBy === page.read)) together.add(message);
      entry.listedBy = page.read;
      before = entry;
    }
    read.oldest = page.entries[0] ?? read.oldest;
    read.size += page.entries.length;
    if (!read.isComplete || page.next !== undefined) continue;
    lastWholeAt = Math.max(lastWholeAt, read.pages[0]!.begin);
    if (longest === null || read.size >= longest.size) longest = read;
  }
  const listed = (longest?.pages ?? []).toReversed().flatMap(({ entries }) => entries);
  return { twice, outOfOrder, together, longest: listed, lastWholeAt };
}

function readOf(reads: Map<number, Read>, page: PageRead): Read {
  let read = reads.get(page.read);
  if (read === undefined) reads.set(page.read, (read = { pages: [], oldest: null, size: 0, isComplete: true }));
  const expected = read.pages.at(-1)?.next;
  read.isComplete &&= page.isComplete && page.before === expected;
  read.pages.push(page);
  return read;
}

function note(entry: Entry, page: PageRead): void {
  if (!page.isComplete) return;
  entry.lastIn = page;
  if (entry.settledIn === null && isBelow(entry.id, page.stable)) entry.settledIn = page;
}

/** The oldest entry of the newer page, if this one is not below it. */
function above(entry: Entry, oldest: Entry | null): Entry | null {
  return oldest === null || isBelow(entry.id, oldest.id) ? null : oldest;
}

function listedTwice(page: PageRead, entry: Entry, words: Words): Fault {
  const name = () => words.name(entry.message);
  return fault("duplicated", () => [
    `one read lists ${name()} twice.`,
    words.page(page, `lists ${name()} (${entry.id}) for the second time`),
  ]);
}

function misplaced(page: PageRead, other: Entry, entry: Entry, words: Words): Fault {
  const name = ({ id, message }: Entry) => `${words.name(message)} (${id})`;
  return fault("reordered", () => [
    "a read is not in the order of message ids.",
    words.page(page, `lists ${name(entry)} on the wrong side of ${name(other)}`),
  ]);
}
