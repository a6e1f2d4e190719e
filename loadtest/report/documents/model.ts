import type { Picture } from "../pictures/svg.ts";

/** What documents are made of. Three writers (`render/`) show the same blocks: HTML, Markdown, a terminal. */
export type Block =
  | Table
  | { readonly kind: "sentence"; readonly text: string; readonly look?: Look }
  | { readonly kind: "verdict"; readonly status: string; readonly words: string }
  | { readonly kind: "picture"; readonly picture: Picture | null; readonly caption?: string }
  | { readonly kind: "list"; readonly items: readonly Item[]; readonly look?: "reasons" | "advice" }
  | { readonly kind: "command"; readonly text: string; readonly name?: string; readonly note?: string }
  | { readonly kind: "figures"; readonly figures: readonly Figure[]; readonly areMany: boolean }
  | { readonly kind: "section"; readonly id: string; readonly heading: string; readonly blocks: readonly Block[] }
  /** Percentiles of an invalid run are grey: they measure something else than the server. */
  | { readonly kind: "grey"; readonly blocks: readonly Block[] }
  | { readonly kind: "for"; readonly medium: Medium; readonly blocks: readonly Block[] };

/** What writes each kind of block. */
export type Writers<Written> = { readonly [Kind in Block["kind"]]: (block: Extract<Block, { kind: Kind }>) => Written };

/** A terminal has documents of its own. */
type Medium = "page" | "markdown";

/** `strong` and `hot` are a terminal's, the others a page's. */
export type Look = "lead" | "soft" | "lead soft" | "fail" | "strong" | "hot";

export interface Item {
  readonly name?: string;
  readonly text: string;
  readonly note?: string;
}

/** A key figure, large. */
export interface Figure {
  readonly name: string;
  readonly value: string;
  readonly note: string;
  readonly isHot?: boolean;
  readonly isGrey?: boolean;
  readonly picture?: Picture;
}

export interface Cell {
  readonly text: string;
  /** A second figure: small below the first, in Markdown behind it in parentheses. */
  readonly under?: string | null;
  /** `hot` calls for attention; tints go from pale to red. */
  readonly look?: "" | "hot" | "tint-1" | "tint-2" | "tint-3" | "tint-4";
  readonly isStrong?: boolean;
  /** A long name may be broken behind its colons. */
  readonly breaks?: boolean;
  /** On a terminal a bar, 0…1 of the column. */
  readonly bar?: number;
}

export interface Head {
  readonly name: string;
  /** Text, set flush left; the others hold figures. The first column always does. */
  readonly isText?: boolean;
  /** Name over it and its neighbours of the same group; in Markdown before its own. */
  readonly group?: string;
  /** Characters on a terminal; absent: what the others leave. */
  readonly width?: number;
}

/** A column: its head, and what it shows of a row. */
export interface Column<Row> extends Head {
  readonly cell: (row: Row, index: number) => string | Cell;
}

export interface Table {
  readonly kind: "table";
  /** Says what the table holds, with its units; a terminal shows it as a title. */
  readonly caption: string;
  readonly columns: readonly Head[];
  readonly rows: readonly (readonly Cell[])[];
  /** Rows that stand out. */
  readonly marked: ReadonlySet<number>;
  readonly className?: string;
}

interface TableOf<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly isMarked?: (row: Row, index: number) => boolean;
  readonly className?: string;
}

export function table<Row>({ caption, columns, rows, isMarked, className }: TableOf<Row>): Table {
  return {
    kind: "table",
    caption,
    columns,
    rows: rows.map((row, index) =>
      columns.map(({ cell }) => {
        const shown = cell(row, index);
        return typeof shown === "string" ? { text: shown } : shown;
      }),
    ),
    marked: new Set(rows.flatMap((row, index) => (isMarked?.(row, index) === true ? [index] : []))),
    ...(className !== undefined && { className }),
  };
}

/** Columns of rows that are lists of cells, the first ones' heads given. */
export const listed = (...heads: readonly (Head | string)[]): Column<readonly (string | Cell)[]>[] =>
  heads.map((head, at) => ({ ...(typeof head === "string" ? { name: head } : head), cell: (row) => row[at] ?? "" }));

export const text = (name: string, more: Omit<Head, "name" | "isText"> = {}): Head => ({ name, isText: true, ...more });

/** Nothing of no sentence. */
export const sentence = (words: string | null, look?: Look): Block[] =>
  words === null || words === "" ? [] : [{ kind: "sentence", text: words, ...(look !== undefined && { look }) }];

export const section = (id: string, heading: string, ...blocks: readonly Block[]): Block => ({
  kind: "section",
  id,
  heading,
  blocks,
});

export const onPage = (...blocks: readonly Block[]): Block => ({ kind: "for", medium: "page", blocks });
export const inMarkdown = (...blocks: readonly Block[]): Block => ({ kind: "for", medium: "markdown", blocks });

/** A document that stands for itself: its head, and its parts, of which one may be empty. */
export interface Page {
  readonly title: string;
  readonly isValid: boolean;
  /** What it is of, first the program. */
  readonly names: readonly string[];
  readonly where: readonly string[];
  readonly verdict?: { readonly status: string; readonly words: string };
  /** Above the headline. */
  readonly reasons: readonly Item[];
  readonly headline: string;
  /** Below the headline. */
  readonly lead: readonly Block[];
  /** The first screen, below that. */
  readonly opening: readonly Block[];
  readonly parts: readonly (readonly Block[])[];
  readonly footer: string;
}

/** A test case of a run. */
export interface Case {
  readonly name: string;
  /** Null when it passed. */
  readonly failure: string | null;
  readonly skipped?: string;
}

/** A run as test cases. */
export interface Suite {
  readonly name: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly seconds: number;
  /** Null: not known. */
  readonly properties: Readonly<Record<string, string | null>>;
  readonly cases: readonly Case[];
}
