/** A cell's words, and whether they are what is hot. @typedef {{ text: string, hot?: boolean }} Cell */

/**
 * Rows that are written in place, so that a page that is left open makes nothing new.
 *
 * @param {HTMLElement} body
 * @param {{ columns: number, wordy?: number }} options cells of a row, its head included; which one holds words
 */
export function createTable(body, { columns, wordy }) {
  /** @type {HTMLTableCellElement[][]} */
  const rows = [];

  function addRow() {
    const row = document.createElement("tr");
    const cells = Array.from({ length: columns }, (_, i) => document.createElement(i === 0 ? "th" : "td"));
    cells.forEach((cell, i) => {
      if (i === 0) cell.scope = "row";
      row.append(cell);
    });
    body.append(row);
    rows.push(cells);
  }

  body.replaceChildren();
  return {
    /** @param {readonly (readonly Cell[])[]} content */
    show(content) {
      while (rows.length < content.length) addRow();
      while (rows.length > content.length) rows.pop()?.[0]?.parentElement?.remove();
      content.forEach((cells, r) =>
        cells.forEach(({ text, hot = false }, c) => {
          const cell = rows[r]?.[c];
          if (cell === undefined) return;
          if (cell.textContent !== text) cell.textContent = text;
          cell.className = `${c === wordy ? "words" : ""}${hot ? " hot" : ""}`.trim();
        }),
      );
    },
  };
}
