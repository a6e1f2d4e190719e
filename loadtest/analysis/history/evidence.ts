import { plural } from "../../stats/format.ts";
import type { AnomalyKind, Fault, Witness } from "./anomaly.ts";
import type { DialogHistory, Entry, Mark, Message, PageRead } from "./dialog-history.ts";

/** Sentences about one dialog for people who have not read the log's format: users, messages by number, seconds. */
export interface Words {
  name(message: Message): string;
  invoked(message: Message, more?: string): Witness | null;
  refused(message: Message): Witness | null;
  acked(entry: Entry): Witness | null;
  /** Somebody was shown it, by a page or live. @param mark that line; absent: the first that did */
  shown(entry: Entry, mark?: Mark | null, more?: string): Witness | null;
  /** @param says what the page has or lacks */
  page(page: PageRead, says: string): Witness;
  /** The line by which it was known first that it is stored: as acknowledged, else as shown. */
  known(entry: Entry): Witness | null;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(3)} s`;

const at = (mark: Mark | null, says: string): Witness | null =>
  mark === null ? null : { operation: mark.line, says: `${seconds(mark.at)}: ${says}` };

/**
 * @param tell one sentence, whose first letter may be small, and the lines that prove it
 */
export function fault(kind: AnomalyKind, tell: () => readonly [says: string, ...witnesses: (Witness | null)[]]): Fault {
  return {
    kind,
    tell() {
      const [says, ...witnesses] = tell();
      return {
        says: says.charAt(0).toUpperCase() + says.slice(1),
        witnesses: witnesses.filter((witness) => witness !== null),
      };
    },
  };
}

export function wordsOf({ lower, higher, pages }: DialogHistory): Words {
  const name = ({ author, seq }: Message) =>
    `message ${seq} of user ${author} to user ${author === lower ? higher : lower}`;

  const words: Words = {
    name,
    invoked: (message, more = "") => at(message.invoked, `user ${message.author} sends ${name(message)}${more}`),
    refused: (message) => at(message.refused, `the server refuses ${name(message)}: nothing of it is stored`),
    acked: (entry) => at(entry.acked, `the server acknowledges ${name(entry.message)} as ${entry.id}`),
    shown(entry, mark = earlier(entry.received, entry.seenIn), more = "") {
      const what = `${name(entry.message)} as ${entry.id}${more}`;
      const page = pages.find(({ line }) => line === mark?.line);
      return page === undefined ? at(mark, `its reader gets ${what}`) : words.page(page, `lists ${what}`);
    },
    page: (page, says) => ({
      operation: page.line,
      says: `${seconds(page.begin)} to ${seconds(page.at)}: ${pageInWords(page)} ${says}`,
    }),
    known: (entry) => words.acked(entry) ?? words.shown(entry),
  };
  return words;
}

function earlier(a: Mark | null, b: Mark | null): Mark | null {
  if (a === null || b === null) return a ?? b;
  return a.at <= b.at ? a : b;
}

function pageInWords({ before, entries, isComplete, partial = [], read, stable }: PageRead): string {
  const which = before === undefined ? "the newest page" : `the page before ${before}`;
  const whole = isComplete ? "complete" : `without shard ${partial.join(", ")}`;
  return `read ${read}, ${which} (${plural(entries.length, "message")}, ${whole}, stable below ${stable}),`;
}
