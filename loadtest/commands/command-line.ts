/**
 * The shell command that makes a run again, for its report. Reports are passed on, so passwords in shard URLs are left
 * out.
 *
 * @param given values by flag, without the dashes; undefined counts as not given
 */
export function commandLine(scenario: string, given: Readonly<Record<string, string | undefined>>): string {
  const words = Object.entries(given).flatMap(([flag, value]) =>
    value === undefined ? [] : [`--${flag} ${quoted(withoutPasswords(value))}`],
  );
  return ["hotshard run", scenario, ...words].join(" ");
}

/** In a URL a password with `@`, `,` or `/` is percent-encoded. */
function withoutPasswords(value: string): string {
  return value.replaceAll(/(:\/\/[^:/@,]*):[^/@,]*@/gu, "$1:PASSWORD@");
}

function quoted(value: string): string {
  return /^[\w.:/@,=+-]+$/u.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`;
}
