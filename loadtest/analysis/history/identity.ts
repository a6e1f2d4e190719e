import type { Fault } from "./anomaly.ts";
import { isBelow, type Entry, type Message } from "./dialog-history.ts";
import { fault, type Words } from "./evidence.ts";
import { CLOCKS_MS, provenAt } from "./proof.ts";

/**
 * Whether what was shown of a message is what was sent: somebody sent it, with this text, and it has one id.
 *
 * @param together messages that one read listed under two ids
 * @returns what is wrong with it; `twin`: it moved once, as it may; null: nothing
 */
export function judgeIdentity(message: Message, together: ReadonlySet<Message>, words: Words): Fault | "twin" | null {
  return phantom(message, words) ?? twice(message, words) ?? secondId(message, together, words);
}

function phantom(message: Message, words: Words): Fault | null {
  const { digest, entries, invoked, refusals, tries } = message;
  const [entry] = entries;
  if (entry === undefined) return null;
  if (invoked === null)
    return fault("phantom", () => [`nobody sent ${words.name(message)}.`, words.shown(entry) ?? words.acked(entry)]);
  if (refusals === tries) {
    const says = () => `${words.name(message)} was refused and shown.`;
    return fault("phantom", () => [says(), words.refused(message), words.shown(entry)]);
  }
  for (const holder of entries) {
    const other = [holder.text, holder.otherText].find((text) => text !== null && text.digest !== digest);
    if (!other) continue;
    return fault("phantom", () => [
      `${words.name(message)} was shown with another text than was sent.`,
      words.invoked(message, ` with the text ${digest}`),
      words.shown(holder, other.mark, ` with the text ${other.digest}`),
    ]);
  }
  return null;
}

function secondId(message: Message, together: ReadonlySet<Message>, words: Words): Fault | "twin" | null {
  const { entries } = message;
  if (entries.length < 2) return null;
  const [first, second] = entries.toSorted((a, b) => (isBelow(a.id, b.id) ? -1 : 1));
  if (entries.length === 2 && !together.has(message) && hasMoved(first!, second!)) return "twin";
  const says = () => `${words.name(message)} has ${entries.length} message ids.`;
  return fault("duplicated", () => [says(), ...entries.slice(0, 2).map((entry) => words.known(entry))]);
}

/**
 * The one exception of the protocol: a shard died between its commit and its acknowledgement, so that it was stored once
 * more with a later id. Its author had no acknowledgement of the first, and nobody is shown that one any more once the
 * second is known. Live the first is shown only where the author's answer was lost on its way.
 */
function hasMoved(earlier: Entry, later: Entry): boolean {
  const { acked, lastIn, received, message } = earlier;
  if (acked !== null) return false;
  if (received !== null && message.unknowns === 0 && message.tries < 2) return false;
  return lastIn === null || lastIn.begin <= provenAt(later) + CLOCKS_MS;
}

function twice(message: Message, words: Words): Fault | null {
  const entry = message.entries.find(({ receivedAgain }) => receivedAgain !== null);
  if (entry === undefined) return null;
  return fault("duplicated", () => [
    `its reader got ${words.name(message)} twice.`,
    words.shown(entry, entry.received),
    words.shown(entry, entry.receivedAgain, " again, and not as one that was sent again"),
  ]);
}
