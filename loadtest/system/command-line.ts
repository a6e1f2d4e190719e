/** Values by flag, without the dashes; a list repeats its flag, and undefined counts as not given. */
export type GivenFlags = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * The shell command that does the same again, for a report. Reports are passed on, so passwords in shard URLs are left
 * out.
 */
export const shellCommand = (command: string, argument: string, given: GivenFlags): string =>
  [shellWords(["hotshard", command, argument]), shellFlags(given)].filter((part) => part !== "").join(" ");

/** Flags with their values. */
export function shellFlags(given: GivenFlags): string {
  const words = Object.entries(given).flatMap(([flag, value]) =>
    value === undefined ? [] : [value].flat().flatMap((one) => [`--${flag}`, one]),
  );
  return shellWords(words);
}

/** Words that a shell reads as they are here. */
export const shellWords = (words: readonly string[]): string =>
  words.map((word) => quoted(withoutPasswords(word))).join(" ");

/** In a URL a password with `@`, `,` or `/` is percent-encoded. */
function withoutPasswords(value: string): string {
  return value.replaceAll(/(:\/\/[^:/@,]*):[^/@,]*@/gu, "$1:PASSWORD@");
}

function quoted(value: string): string {
  return /^[\w.:/@,=+%-]+$/u.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`;
}
