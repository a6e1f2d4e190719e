import type { InputFaults } from "./input-faults.ts";
import type { LineParser } from "./line-parser.ts";
import { badRow } from "./row-batch.ts";
import { MOST_LINES_A_FIELD } from "./split-record.ts";

/** A line with its line end. */
interface RawLine {
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

/** A record whose quoted field goes on over several lines. */
export interface OpenRecord {
  isOpen(): boolean;
  /** The first line of a record that is no row: its quotes are wrong, or it goes on. */
  begin(found: "open" | "bad", first: RawLine): void;
  goOn(parse: LineParser, next: RawLine): void;
  /** Its first line is left out, and the others are read by themselves: one of them may open a record anew. */
  giveUp(parse: LineParser): void;
}

/**
 * Puts lines together until the quotes of a record are closed. Where that does not come about its first quote was a
 * mistake, and only its own line is lost.
 */
export function openRecord(faults: InputFaults): OpenRecord {
  let lines: RawLine[] = [];

  function begin(found: "open" | "bad", first: RawLine): void {
    if (found === "open") lines = [first];
    else badRow(faults, first.line, "quotes that break RFC 4180");
  }

  function goOn(parse: LineParser, next: RawLine): void {
    lines.push(next);
    const text = withoutEnd(lines.map((line) => line.text).join(""));
    const found = parse(text, 0, text.length, lines[0]!.line);
    if (found === "row") lines = [];
    else if (found === "bad" || lines.length >= MOST_LINES_A_FIELD) giveUp(parse);
  }

  function giveUp(parse: LineParser): void {
    const [first, ...others] = lines;
    lines = [];
    if (first !== undefined) begin("bad", first);
    for (const line of others) {
      const text = withoutEnd(line.text);
      if (lines.length > 0) goOn(parse, line);
      else if (text.trim() !== "") {
        const found = parse(text, 0, text.length, line.line);
        if (found !== "row") begin(found, line);
      }
    }
  }

  return { isOpen: () => lines.length > 0, begin, goOn, giveUp };
}

const withoutEnd = (text: string): string => text.replace(/\r?\n$/u, "");
