import type { HeadLine } from "./head.ts";
import type { Seen } from "./seen.ts";

/** What speaks against one key a line, in one line or in every one. */
const IN_ONE: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/^\s*[-+]?\d+(?:[.,]\d+)?\s*$/u, "a number alone, which may be a count as well as a key"],
  [/[\s]\d[\d.,]*$/u, "a number at the end after a space: a count, or a part of the key?"],
  [/^\s*\d+\s/u, "a number at the begin before a space: a count, or a part of the key?"],
  [/\S\s+\S/u, "a space, which keys seldom have"],
  [/^[-=*_#~.]{3,}$/u, "a line of marks alone"],
  [/\p{Cc}/u, "control characters, which text has not"],
];
const IN_ALL: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/[:=>]\s*\d+$/u, "a number at the end after a mark: a count, or a part of the key?"],
  [/^\d+[:=]/u, "a number at the begin before a mark: a count, or a part of the key?"],
];

/**
 * @returns what speaks against one key a line, as in prose and in lines of key and count, and where; null when nothing
 * does
 */
export function doubtKeys(lines: readonly HeadLine[]): Seen | null {
  // JSON strings, as `jq` without -r writes them.
  if (lines.every(({ text }) => /^"(?:[^"\\]|\\.)*"$/u.test(text))) return null;
  for (const { text, number } of lines) {
    const found = IN_ONE.find(([pattern]) => pattern.test(text));
    if (found !== undefined) return { line: number, what: describe(text, found[1]) };
  }
  const first = lines[0]!;
  const all = IN_ALL.find(([pattern]) => lines.every(({ text }) => pattern.test(text)));
  return all === undefined ? null : { line: first.number, what: describe(first.text, all[1]) };
}

/** Whether a line that comes later speaks against it; a character a byte. */
export const isDoubtful = (text: string): boolean => /\s/u.test(text) && !text.startsWith('"');

function describe(text: string, what: string): string {
  return `${JSON.stringify(text.slice(0, 60))} has ${what}`;
}
