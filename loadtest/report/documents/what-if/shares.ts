import { count, percent } from "../../../stats/format.ts";
import { table, text, type Block } from "../model.ts";

/** Up to so many shards have a line and a bar each. */
const WITH_BARS = 16;
/** More shards than these would push the rest of the answer off the screen. */
const SHARES_SHOWN = 64;

/**
 * Share of the messages by shard, on a terminal: a bar each, or several to a line when they are many, then the fullest
 * ones only.
 *
 * @param shares 0…1, by the shard's number
 */
export function shares(all: readonly number[], columns: number): Block {
  const shards = all.map((share, i) => ({ label: String(i).padStart(2, "0"), share }));
  const title = "Share of the messages by shard";
  if (shards.length <= WITH_BARS) {
    const most = Math.max(...all, 1e-9);
    return table<(typeof shards)[number]>({
      caption: title,
      columns: [
        { ...text("", { width: 6 }), cell: ({ label }) => label },
        { ...text(""), cell: ({ share }) => ({ text: "", bar: share / most }) },
        { name: "", width: 10, cell: ({ share }) => percent(share) },
      ],
      rows: shards,
    });
  }
  const isCut = shards.length > SHARES_SHOWN;
  const shown = isCut ? shards.sort((a, b) => b.share - a.share).slice(0, SHARES_SHOWN) : shards;
  const longest = Math.max(...shown.map(({ label }) => label.length));
  const cells = shown.map(({ label, share }) => `${label.padEnd(longest)}${percent(share).padStart(8)}`);
  const width = longest + 11;
  const perLine = Math.floor(columns / width);
  return table<number>({
    caption: isCut ? `${title}, the ${SHARES_SHOWN} fullest of ${count(shards.length)}` : title,
    columns: Array.from({ length: perLine }, (_, at) => ({
      ...text("", { width }),
      cell: (line) => cells[line * perLine + at] ?? "",
    })),
    rows: Array.from({ length: Math.ceil(cells.length / perLine) }, (_, line) => line),
  });
}
