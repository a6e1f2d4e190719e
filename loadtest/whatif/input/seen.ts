import type { Head, HeadLine } from "./head.ts";
import { NAMES } from "./column-names.ts";

/** An output that is known and that is not read: its lines are no rows, or its numbers are no messages. */
export interface Seen {
  readonly line: number;
  /** What it is, and what to write instead. */
  readonly what: string;
}

/** The first line that matches tells. */
const MARKS: readonly (readonly [mark: RegExp, what: string])[] = [
  [/^\*{3,} *\d+\. row \*{3,}$/u, "rows one column a line, as mysql -E or \\G writes them: use mysql -B"],
  [/^-\[ RECORD \d+ \]/u, "psql's expanded form (-x, \\x): use psql --csv"],
  [/^Row \d+:$/u, "ClickHouse's Vertical format: use FORMAT CSVWithNames"],
  [
    /[\u2500-\u257f]/u,
    "a table drawn with lines, as ClickHouse, DuckDB and sqlite3 draw it, which may be cut: export CSV " +
      "(FORMAT CSVWithNames, duckdb -csv, sqlite3 -csv -header)",
  ],
  [/^\s*<[!?a-z]/iu, "XML or HTML: export CSV"],
  [
    /^(?:# Scanning the entire keyspace|\[\d+\.\d+%\] |hot key found with counter|Sampled \d+ keys in the keyspace)/u,
    "the output of redis-cli --hotkeys, --bigkeys or --memkeys: its numbers are sizes, or logarithms of " +
      "frequencies, not messages: count the keys of some seconds of MONITOR",
  ],
  [/^\d{10}\.\d{6} \[\d+ /u, "the output of redis-cli MONITOR: cut each line down to its key, then sort | uniq -c"],
  [/^(?:INSERT|REPLACE) INTO |^CREATE TABLE |^\('.*\)[,;]/iu, "SQL: export CSV"],
  [/^\d+\) \(?["\w]/u, "redis-cli's numbered answers: they are pairs over two lines"],
];

/** As kafka-get-offsets writes: topic, partition, offset. */
const OFFSETS = /^[^\s:,;|]+:\d+:\d*$/u;
const PAIR = /^\s*([^\s|:=]+)\s*[|:=]\s*(.*)$/u;

/** @returns what this is known to be, if it is something that cannot be read as counts */
export function whatIsSeen({ lines }: Head): Seen | null {
  for (const { text, number } of lines) {
    const mark = MARKS.find(([pattern]) => pattern.test(text));
    if (mark !== undefined) return { line: number, what: mark[1] };
  }
  const first = lines[0]!.number;
  if (lines.every(({ text }) => OFFSETS.test(text))) {
    const what =
      "lines of name:partition:offset, as kafka-get-offsets writes them: offsets of partitions are no messages per key";
    return { line: first, what: `${what}: read the keys with kcat -f '%k\\n'` };
  }
  if (isVertical(lines)) return { line: first, what: "rows one column a line: write a row a line, as CSV" };
  return null;
}

/** The same names at the begin of the lines come again and again, or are those of a key and of a count. */
function isVertical(lines: readonly HeadLine[]): boolean {
  const pairs = lines.map(({ text }) => PAIR.exec(text)).filter((pair) => pair !== null);
  // Psql draws lines between two rows.
  const named = pairs.map(([, name]) => name!.toLowerCase()).filter((name) => !/^[-+]+$/u.test(name));
  if (named.length < 2 || named.length < lines.length / 2 || isName(pairs[0]![2]!.trim().toLowerCase())) return false;
  const period = named.indexOf(named[0]!, 1);
  const row = period === -1 ? named : named.slice(0, period);
  if (row.length > 1 && row.every(isName)) return true;
  return period > 1 && named.length >= 3 * period && named.every((name, i) => name === row[i % period]);
}

const KNOWN = new Set<string>(Object.values(NAMES).flat());
const isName = (text: string): boolean => KNOWN.has(text);
