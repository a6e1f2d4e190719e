import type { Fault } from "./anomaly.ts";
import type { DialogHistory, Entry, Message, PageRead } from "./dialog-history.ts";
import { fault, wordsOf, type Words } from "./evidence.ts";
import { judgeIdentity } from "./identity.ts";
import { readLists } from "./listing.ts";
import { missingFrom, type Steps } from "./missing.ts";
import { placeInOrder } from "./place-order.ts";
import { CLOCKS_MS } from "./proof.ts";
import { reversedArrivals, reversedIds } from "./sender-order.ts";

/** What is known of one dialog. */
export interface DialogVerdict {
  /** At most one for each message. */
  readonly faults: Iterable<Fault>;
  /** Messages that were sent. */
  readonly messages: number;
  readonly twins: number;
  /** A complete read that began after the last acknowledgement went through to its end; or nothing was acknowledged. */
  readonly isRead: boolean;
}

/** A message, what is wrong with it, and the other one that shows it: if that one is wrong itself, it shows nothing. */
export interface Finding {
  readonly message: Message;
  readonly beside?: Message;
  readonly fault: Fault;
}

/**
 * A message has at most one fault, the first in this order: it is not what was sent, it is there twice, it stands in
 * the wrong place, it is missing. So what follows from one fault is not told as another.
 *
 * @param count is raised by the steps that it takes
 */
export function judgeDialog(history: DialogHistory, count: Steps): DialogVerdict {
  const words = wordsOf(history);
  const messages = [...history.authors.values()].flatMap((author) => [...author.messages.values()]);
  const pages = byBegin(history.pages);
  const lists = readLists(pages, words);
  const blamed = new Map<Message, Fault>();
  function blame(findings: Iterable<Finding>): void {
    for (const { message, beside, fault: found } of findings)
      if (!blamed.has(message) && (beside === undefined || !blamed.has(beside))) blamed.set(message, found);
  }

  let twins = 0;
  for (const message of messages) {
    const judged = judgeIdentity(message, lists.together, words);
    if (judged === "twin") twins++;
    else if (judged !== null) blamed.set(message, judged);
  }
  const ordered = placeInOrder(messages, lists.longest, blamed, count);
  blame(sharedIds(ordered, words));
  blame(lists.twice);
  blame(lists.outOfOrder);
  blame(reversedIds(messages, words));
  blame(reversedArrivals(history, words));
  blame(missingFrom(pages, ordered, words, count));
  count.steps += messages.length + pages.reduce((rows, { entries }) => rows + entries.length, 0);
  const { lastAcked } = history;
  return {
    faults: blamed.values(),
    messages: messages.filter(({ invoked }) => invoked !== null).length,
    twins,
    isRead: lastAcked === null || lists.lastWholeAt + CLOCKS_MS >= lastAcked.at,
  };
}

/** One reader's pages are in order already. */
function byBegin(pages: readonly PageRead[]): readonly PageRead[] {
  const isInOrder = pages.every(({ begin }, index) => index === 0 || pages[index - 1]!.begin <= begin);
  return isInOrder ? pages : pages.toSorted((a, b) => a.begin - b.begin);
}

function sharedIds(ordered: readonly Entry[], words: Words): Finding[] {
  return ordered.flatMap((entry, place) => {
    const before = ordered[place - 1];
    if (before?.id !== entry.id) return [];
    const says = () => `${words.name(before.message)} and ${words.name(entry.message)} have one message id.`;
    const found = fault("duplicated", () => [says(), words.known(before), words.known(entry)]);
    return [{ message: entry.message, fault: found }];
  });
}
