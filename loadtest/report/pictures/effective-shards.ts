import type { Result } from "../../analysis/result/result.ts";
import { rect, type Drawing, type Picture } from "./svg.ts";

const SIZE = 14;
const GAP = 4;

/** One square a shard that is paid for, filled as far as even shards would carry the load as badly. */
export function effectiveShardsPicture(result: Result): Picture {
  const paid = result.shards.length;
  const used = result.skew.effectiveShards;
  const perRow = Math.min(paid, 16);
  const draw = (): Drawing => {
    const squares = result.shards.map((_, i) => {
      const x = (i % perRow) * (SIZE + GAP);
      const y = Math.floor(i / perRow) * (SIZE + GAP);
      const filled = Math.max(0, Math.min(1, used - i));
      return rect(x, y, SIZE, SIZE, "paid") + (filled > 0 ? rect(x, y, SIZE * filled, SIZE, "cool") : "");
    });
    return {
      width: perRow * (SIZE + GAP) - GAP,
      height: Math.ceil(paid / perRow) * (SIZE + GAP) - GAP,
      body: squares.join(""),
    };
  };
  return {
    id: "effective",
    title: "Effective shards",
    description: `${paid} shards are paid for; ${used.toFixed(1)} even ones would carry this load as badly.`,
    draw,
  };
}
