import { escapeTerminal } from "../../render/escape.ts";
import { count, percent } from "../../../stats/format.ts";
import { bar } from "../run/terminal.ts";
import type { WhatIfRow } from "../../../analysis/result/what-if.ts";

/** Up to so many shards have a line and a bar each. */
const WITH_BARS = 16;
/** More shards than these would push the rest of the answer off the screen. */
const SHARES_SHOWN = 64;

/**
 * Share of the messages by shard: a bar each, or several to a line when they are many, then the fullest ones only.
 *
 * @param shares 0…1, by the shard's number
 */
export function sharesInColumns(shares: readonly number[], columns: number): string {
  const shards = shares.map((share, i) => ({ label: String(i).padStart(2, "0"), share }));
  const title = "Share of the messages by shard";
  if (shards.length <= WITH_BARS) {
    const most = Math.max(...shares, 1e-9);
    const width = columns - 16;
    return [
      title,
      ...shards.map(
        ({ label, share }) => `${label.padEnd(6)}${bar(share / most, width)}${percent(share).padStart(10)}`,
      ),
    ].join("\n");
  }
  const isCut = shards.length > SHARES_SHOWN;
  const shown = isCut ? shards.sort((a, b) => b.share - a.share).slice(0, SHARES_SHOWN) : shards;
  const longest = Math.max(...shown.map(({ label }) => label.length));
  const cells = shown.map(({ label, share }) => `${label.padEnd(longest)}${percent(share).padStart(8)}`);
  const perLine = Math.floor((columns + 3) / (longest + 11));
  const lines = Array.from({ length: Math.ceil(cells.length / perLine) }, (_, line) =>
    cells.slice(line * perLine, (line + 1) * perLine).join("   "),
  );
  return [isCut ? `${title}, the ${SHARES_SHOWN} fullest of ${count(shards.length)}` : title, ...lines].join("\n");
}

/** A figure by placement and number of shards. */
export interface Grid {
  readonly title: string;
  readonly cell: (row: WhatIfRow) => string;
}

const CELL = 7;

/** The grid as text; numbers of shards that do not fit beside the others follow below. */
export function gridInColumns(rows: readonly WhatIfRow[], { title, cell }: Grid, columns: number): string {
  const sizes = [...new Set(rows.map(({ shards }) => shards))].sort((a, b) => a - b);
  const placements = [...new Set(rows.map(({ placement }) => placement))];
  const width = Math.max(12, ...placements.map((name) => name.length + 1));
  const perBlock = Math.max(1, Math.floor((columns - width) / CELL));
  const line = (name: string, cells: readonly string[]): string =>
    `${name.padEnd(width)}${cells.map((text) => text.padStart(CELL)).join("")}`;
  const blocks = Array.from({ length: Math.ceil(sizes.length / perBlock) }, (_, block) => {
    const own = sizes.slice(block * perBlock, (block + 1) * perBlock);
    return [
      line("shards", own.map(String)),
      ...placements.map((placement) => {
        const cells = own.map((size) => cell(rows.find((row) => row.placement === placement && row.shards === size)!));
        return line(escapeTerminal(placement), cells);
      }),
    ].join("\n");
  });
  return [title, ...blocks].join("\n");
}
