import { CsvError, parse } from "csv-parse/sync";

const QUOTE = '"';
/** Stand in no text: a file has one column, and what is split is one record. */
const NO_DELIMITER = "\u0001";
const NO_RECORD_END = "\u0000";

/** A quoted field may run over so many lines; beyond, its quote is a mistake, and only its own line is lost. */
export const MOST_LINES_A_FIELD = 100;

/**
 * @returns the fields of a line without quotes, or with quotes around whole fields alone; null when it takes a parser
 */
function splitSimple(text: string, delimiter: string): string[] | null {
  if (!text.includes(QUOTE)) return delimiter === "" ? [text] : text.split(delimiter);
  const fields: string[] = [];
  for (let from = 0; ;) {
    let until: number;
    if (text[from] === QUOTE) {
      const end = text.indexOf(QUOTE, from + 1);
      if (end === -1) return null;
      until = end + 1;
      if (until < text.length && text[until] !== delimiter) return null;
      fields.push(text.slice(from + 1, end));
    } else {
      until = delimiter === "" ? -1 : text.indexOf(delimiter, from);
      if (until === -1) until = text.length;
      const field = text.slice(from, until);
      if (field.includes(QUOTE)) return null;
      fields.push(field);
    }
    if (until === text.length) return fields;
    from = until + 1;
  }
}

/**
 * The fields of a record (RFC 4180), which may hold line ends.
 *
 * @param delimiter one character; "" when there is one column
 * @returns "open" when a quote is not closed: the record goes on in the next line; null when it breaks the rules
 */
export function splitRecord(text: string, delimiter: string): string[] | "open" | null {
  const simple = splitSimple(text, delimiter);
  if (simple !== null) return simple;
  if (text.split(QUOTE).length % 2 === 0) return "open";
  try {
    const records = parse(text, { delimiter: delimiter || NO_DELIMITER, record_delimiter: NO_RECORD_END });
    return records.length === 1 ? records[0]! : null;
  } catch (error) {
    if (error instanceof CsvError) return null;
    throw error;
  }
}

/**
 * What quotes mean in a file. `record`: RFC 4180, a field may hold line ends. `line`: one that does not close on its
 * line, where RFC 4180 would have it, is a character like any other: mysql -B and psql -A know no quotes. `none`: each
 * is.
 */
export type Quotes = "record" | "line" | "none";

/** The fields of a line of such a file; null and `open` as of `splitRecord`. */
export function splitBy(quotes: Quotes, text: string, delimiter: string): string[] | "open" | null {
  if (quotes === "record") return splitRecord(text, delimiter);
  return quotes === "line" ? splitLine(text, delimiter) : text.split(delimiter);
}

/** The fields of a line of which quotes mean something on this line alone. */
export function splitLine(text: string, delimiter: string): string[] {
  const fields = splitRecord(text, delimiter);
  return fields === null || fields === "open" ? text.split(delimiter || NO_DELIMITER) : fields;
}
