import { escapeXml } from "../escape.ts";
import { milliseconds } from "../format.ts";
import { blastBars } from "../pictures/blast-bars.ts";
import { latencyByShard } from "../pictures/latency-by-shard.ts";
import type { Result } from "../result.ts";
import { figure, judged, paragraph, section } from "../section.ts";
import { table, type Cell } from "../table.ts";
import { blastRadiusInWords, hottestShard, isBurning } from "../words.ts";

const UNJUDGED = "The run is invalid, so these are shown grey: they do not measure the server.";

function byShard(result: Result): string {
  const hot = isBurning(result) ? hottestShard(result)?.label : undefined;
  const rows = result.shards.map(({ label, deliveryMs: d, serviceMs: s, commitMs: c }): Cell[] => {
    const values = [d.p50, d.p99, d.p999, s.p50, s.p99, s.p999, c.p50, c.p99];
    return [label === hot ? { html: escapeXml(label), className: "hot" } : label, ...values.map(milliseconds)];
  });
  const { delivery, service, commit } = result.latencyMs;
  const all = [
    delivery.p50,
    delivery.p99,
    delivery.p999,
    service.p50,
    service.p99,
    service.p999,
    commit.p50,
    commit.p99,
  ];
  return table({
    caption: "Milliseconds. Delivery: from the intended send; service: from the actual send; commit: in the server",
    head: ["Shard", "p50", "p99", "p99.9", "p50", "p99", "p99.9", "p50", "p99"],
    groups: [
      { name: "", columns: 1 },
      { name: "Delivery", columns: 3 },
      { name: "Service", columns: 3 },
      { name: "Commit", columns: 2 },
    ],
    rows: [...rows, ["all", ...all.map(milliseconds)]],
    rowClass: (row) => (row === rows.length ? "now" : ""),
  });
}

/** Latency per shard, corrected beside naive. */
export function latency(result: Result): string {
  const valid = result.verdict.status === "VALID";
  const shown = result.shards.some(({ deliveryMs }) => deliveryMs.p99 > 0) ? figure(latencyByShard(result)) : "";
  return section(
    "latency",
    "Latency by shard",
    (valid ? "" : paragraph(UNJUDGED)) +
      paragraph(
        "What users wait is delivery: from the moment a message was meant to be sent until its reader's socket has it. " +
          "Service starts at the actual send and hides what queues before it.",
      ) +
      judged(valid, shown + byShard(result)),
  );
}

/** What dialogs that are not hot pay for their neighbour. */
export function blastRadius(result: Result): string {
  const words = blastRadiusInWords(result);
  const valid = result.verdict.status === "VALID";
  if (words === null) return "";
  return section("blast", "Blast radius", judged(valid, paragraph(words) + figure(blastBars(result))));
}
