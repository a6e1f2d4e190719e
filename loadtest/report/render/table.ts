import { escapeXml } from "./escape.ts";

/** A table cell: plain text is escaped; `html` is taken as it is. */
export type Cell = string | { readonly html: string; readonly className?: string };

export interface TableOptions {
  /** Says what the table holds, with its units. */
  readonly caption: string;
  readonly head: readonly string[];
  /** A row above the head: names over several columns, from the first column on. */
  readonly groups?: readonly { readonly name: string; readonly columns: number }[];
  /** The first cell of a row is its header. */
  readonly rows: readonly (readonly Cell[])[];
  /** Columns that hold text and are set flush left; the others hold figures. The first always does. */
  readonly words?: ReadonlySet<number>;
  readonly className?: string;
  /** Class of a row, by its index. */
  readonly rowClass?: (row: number) => string;
}

const isWords = (options: TableOptions, column: number): boolean => column === 0 || options.words?.has(column) === true;

function cell(options: TableOptions, content: Cell, column: number): string {
  const inner = typeof content === "string" ? escapeXml(content) : content.html;
  const names = [isWords(options, column) ? "words" : "", typeof content === "string" ? "" : (content.className ?? "")];
  const className = names.filter((name) => name !== "").join(" ");
  const attribute = className === "" ? "" : ` class="${className}"`;
  return column === 0 ? `<th scope="row"${attribute}>${inner}</th>` : `<td${attribute}>${inner}</td>`;
}

/** An accessible table: caption, column and row scopes. */
export function table(options: TableOptions): string {
  const head = options.head
    .map((name, column) => `<th scope="col"${isWords(options, column) ? ' class="words"' : ""}>${escapeXml(name)}</th>`)
    .join("");
  const groups = (options.groups ?? []).map(({ name, columns }) =>
    name === ""
      ? `<td colspan="${columns}"></td>`
      : `<th scope="colgroup" colspan="${columns}">${escapeXml(name)}</th>`,
  );
  const groupRow = groups.length === 0 ? "" : `<tr class="groups">${groups.join("")}</tr>`;
  const body = options.rows
    .map((row, i) => {
      const className = options.rowClass?.(i) ?? "";
      const cells = row.map((content, column) => cell(options, content, column)).join("");
      return `<tr${className === "" ? "" : ` class="${className}"`}>${cells}</tr>`;
    })
    .join("");
  return (
    `<div class="scroll" tabindex="0" role="region" aria-label="${escapeXml(options.caption)}">` +
    `<table${options.className === undefined ? "" : ` class="${options.className}"`}>` +
    `<caption>${escapeXml(options.caption)}</caption><thead>${groupRow}<tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`
  );
}
