import { scaleLinear } from "d3-scale";
import { percent, shortCount, times } from "../../stats/format.ts";
import type { Result } from "../../analysis/result/result.ts";
import { isNarrow, line, rect, soft, text, textWidth, type Drawing, type Picture } from "./svg.ts";
import { headline, hottestShard, isBurning } from "../words/run.ts";

/** Rows shrink as there are more of them, so that 64 shards still fit on a page. */
export function rowHeight(rows: number): number {
  if (rows <= 8) return 32;
  return rows <= 24 ? 22 : 16;
}

export interface Shares {
  readonly shards: readonly { readonly label: string; readonly share: number; readonly messages: number }[];
  /** Max/mean that chance stays below in 99 of 100 cases. */
  readonly p99: number;
  /** Label of the shard that burns. */
  readonly hot: string | undefined;
}

/** Bars of the shares against the fair share, with what chance explains as a band. */
export function drawShares({ shards, p99, hot }: Shares, width: number): Drawing {
  const narrow = isNarrow(width);
  const fair = 1 / shards.length;
  const row = rowHeight(shards.length);
  const left = 34;
  const right = narrow ? 58 : 200;
  const top = 40;
  const bottom = top + row * shards.length;
  const most = Math.max(...shards.map(({ share }) => share), fair * p99, fair * 1.25);
  const x = scaleLinear([0, most], [left, width - right]);
  const bars = shards.map(({ label, share, messages: count }, i) => {
    const y = top + row * i;
    const heat = label === hot ? "hot" : "cool";
    const middle = y + row / 2 + 4;
    const className = label === hot ? "strong hot-ink" : "";
    const messages = narrow ? "" : text(width, middle, `${shortCount(count)} messages`, { anchor: "end", className });
    return (
      text(left - 10, middle, label, { anchor: "end", className: label === hot ? "strong" : "soft" }) +
      rect(left, y + row * 0.16, x(share) - left, row * 0.68, heat) +
      text(width - right + 58, middle, percent(share), { anchor: "end", className }) +
      messages
    );
  });
  const words = narrow
    ? `fair share ${percent(fair)}`
    : `fair share ${percent(fair)}; the band is what chance explains`;
  const room = textWidth(words);
  // Beside the line where there is room, else against the right edge.
  const start = Math.max(left, Math.min(x(fair) - 4, width - room));
  return {
    width,
    height: bottom + 10,
    body:
      rect(x(fair), top - 8, Math.max(2, x(fair * p99) - x(fair)), bottom - top + 14, "band") +
      bars.join("") +
      line(x(fair), top - 14, x(fair), bottom + 6, "rule") +
      soft(start, top - 22, words),
  };
}

/** Share of the messages per shard against the fair share, with the noise floor as a band. */
export function shareByShard(result: Result): Picture {
  const { skew, shards } = result;
  const messages = shards.map(({ label, share, offered }) => ({ label, share, messages: offered }));
  const hot = isBurning(result) ? hottestShard(result)?.label : undefined;
  return {
    id: "share",
    title: "Share of the messages by shard",
    description:
      `${headline(result)} The fair share is ${percent(1 / shards.length)}; chance alone stays below ` +
      `${times(skew.noiseFloor.p99)} of it in 99 of 100 runs.`,
    draw: (width) => drawShares({ shards: messages, p99: skew.noiseFloor.p99, hot }, width),
  };
}
