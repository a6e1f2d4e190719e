import { scaleLog } from "d3-scale";
import { duration, milliseconds } from "../../stats/format.ts";
import type { Result } from "../../analysis/result/result.ts";
import { dot, isNarrow, line, soft, text, type Drawing, type Picture } from "./svg.ts";
import { hottestShard, isBurning } from "../words/run.ts";
import { rowHeight } from "./share-by-shard.ts";

/** The floor of the scale, ms: a logarithm has no zero. */
const LEAST = 0.1;

function draw(result: Result, width: number): Drawing {
  const shards = result.shards.filter(({ deliveryMs }) => deliveryMs.p99 > 0);
  const row = rowHeight(shards.length) + 4;
  const left = 34;
  const top = 34;
  const bottom = top + row * shards.length;
  const values = shards.flatMap(({ deliveryMs: d, serviceMs: s }) => [d.p50, d.p999, s.p50, s.p999]);
  const lowest = Math.max(LEAST, Math.min(...values));
  const x = scaleLog([lowest, Math.max(lowest * 10, ...values)], [left + 6, width - 24])
    .clamp(true)
    .nice();
  const hot = isBurning(result) ? hottestShard(result)?.label : undefined;
  const marks = (quantiles: Result["shards"][number]["deliveryMs"], y: number, kind: string): string => {
    const [p50, p99, p999] = [quantiles.p50, quantiles.p99, quantiles.p999].map((ms) => x(Math.max(LEAST, ms)));
    const { p95 } = quantiles;
    return (
      line(p50!, y, p999!, y, `range ${kind}`) +
      dot(p50!, y, 3, kind) +
      (p95 === undefined ? "" : line(x(Math.max(LEAST, p95)), y - 4, x(Math.max(LEAST, p95)), y + 4, `end ${kind}`)) +
      dot(p99!, y, 4.5, kind) +
      line(p999!, y - 5, p999!, y + 5, `end ${kind}`)
    );
  };
  const rows = shards.map(({ label, deliveryMs, serviceMs }, i) => {
    const middle = top + row * i + row / 2;
    return (
      text(left - 10, middle + 4, label, { anchor: "end", className: label === hot ? "strong" : "soft" }) +
      marks(serviceMs, middle + row * 0.18, "service") +
      marks(deliveryMs, middle - row * 0.18, label === hot ? "delivery hot" : "delivery")
    );
  });
  const decades = x.ticks().filter((tick) => Math.abs(Math.log10(tick) % 1) < 1e-9);
  const grid = decades.map(
    (tick) =>
      line(x(tick), top - 6, x(tick), bottom, "grid") +
      soft(x(tick), bottom + 16, tick >= 1 ? milliseconds(tick).replace(/\.0+$/, "") : String(tick), "middle"),
  );
  const key = isNarrow(width) ? 132 : 232;
  return {
    width,
    height: bottom + 38,
    body:
      line(left, 12, left + 18, 12, "range delivery") +
      dot(left + 9, 12, 4, "delivery") +
      soft(left + 24, 16, isNarrow(width) ? "delivery" : "delivery (users wait)") +
      line(left + key, 12, left + key + 18, 12, "range service") +
      dot(left + key + 9, 12, 4, "service") +
      soft(left + key + 24, 16, isNarrow(width) ? "service" : "service (a naive tool's figure)") +
      grid.join("") +
      rows.join("") +
      soft(width - 4, bottom + 34, "ms, logarithmic", "end"),
  };
}

/**
 * Delivery (from the intended send) above service (from the actual one): small dot p50, short bar p95, large dot p99,
 * bar p99.9.
 */
export function latencyByShard(result: Result): Picture {
  const { delivery, service } = result.latencyMs;
  return {
    id: "latency",
    title: "Latency by shard",
    description:
      "Small dots are the median, short bars p95, large dots p99, bars at the end p99.9. Over all shards: " +
      `delivery p95 ${duration(delivery.p95 ?? 0)}, p99 ${duration(delivery.p99)}, ` +
      `service p95 ${duration(service.p95 ?? 0)}, p99 ${duration(service.p99)}.`,
    draw: (width) => draw(result, width),
  };
}
