import { escapeXml } from "../../render/escape.ts";
import { fewSamplesInWords } from "../../words/few-samples.ts";
import { milliseconds } from "../../../stats/format.ts";
import { blastBars } from "../../pictures/blast-bars.ts";
import { latencyByShard } from "../../pictures/latency-by-shard.ts";
import type { Result } from "../../../analysis/result/result.ts";
import { figure, judged, paragraph, section } from "../../render/section.ts";
import { table, type Cell } from "../../render/table.ts";
import { blastRadiusInWords, hottestShard, intervalInWords, isBurning, type LatencyMetric } from "../../words/run.ts";

const UNJUDGED = "The run is invalid, so these are shown grey: they do not measure the server.";

/** ms. */
interface Quantiles {
  readonly p50: number;
  /** Absent in results of version 1. */
  readonly p95?: number;
  readonly p99: number;
}

interface Times {
  readonly delivery: Quantiles & { readonly p999: number };
  readonly service: Quantiles & { readonly p999: number };
  readonly commit: Quantiles;
}

function withInterval(result: Result, metric: LatencyMetric, shard: string | null, value: number): Cell {
  const ends = intervalInWords(result, metric, shard);
  return ends === null ? milliseconds(value) : { html: `${milliseconds(value)}<small>${ends}</small>` };
}

function byShard(result: Result): string {
  const hot = isBurning(result) ? hottestShard(result)?.label : undefined;
  const cells = (shard: string | null, { delivery: d, service: s, commit: c }: Times): Cell[] => {
    const cell = (metric: LatencyMetric, value: number) => withInterval(result, metric, shard, value);
    return [
      cell("delivery.p50", d.p50),
      cell("delivery.p95", d.p95 ?? 0),
      cell("delivery.p99", d.p99),
      ...[d.p999, s.p50, s.p95 ?? 0, s.p99, s.p999].map(milliseconds),
      cell("commit.p50", c.p50),
      cell("commit.p95", c.p95 ?? 0),
      cell("commit.p99", c.p99),
    ];
  };
  const rows = result.shards.map(({ label, deliveryMs: delivery, serviceMs: service, commitMs: commit }): Cell[] => [
    label === hot ? { html: escapeXml(label), className: "hot" } : label,
    ...cells(label, { delivery, service, commit }),
  ]);
  return table({
    caption:
      "Milliseconds. Delivery: from the intended send; service: from the actual send; commit: in the server. " +
      "Below a figure its 95 % interval, from the run's own time slices",
    head: ["Shard", "p50", "p95", "p99", "p99.9", "p50", "p95", "p99", "p99.9", "p50", "p95", "p99"],
    groups: [
      { name: "", columns: 1 },
      { name: "Delivery", columns: 4 },
      { name: "Service", columns: 4 },
      { name: "Commit", columns: 3 },
    ],
    rows: [...rows, ["all", ...cells(null, result.latencyMs)]],
    rowClass: (row) => (row === rows.length ? "now" : ""),
  });
}

/** Latency per shard, corrected beside naive. */
export function latency(result: Result): string {
  const valid = result.verdict.status === "VALID";
  const few = fewSamplesInWords(result);
  const shown = result.shards.some(({ deliveryMs }) => deliveryMs.p99 > 0) ? figure(latencyByShard(result)) : "";
  return section(
    "latency",
    "Latency by shard",
    (valid ? "" : paragraph(UNJUDGED)) +
      paragraph(
        "What users wait is delivery: from the moment a message was meant to be sent until its reader's socket has it. " +
          "Service starts at the actual send and hides what queues before it.",
      ) +
      judged(valid, shown + byShard(result)) +
      (few === null ? "" : paragraph(few, "soft")),
  );
}

/** What dialogs that are not hot pay for their neighbour. */
export function blastRadius(result: Result): string {
  const words = blastRadiusInWords(result);
  const valid = result.verdict.status === "VALID";
  if (words === null) return "";
  return section("blast", "Blast radius", judged(valid, paragraph(words) + figure(blastBars(result))));
}
