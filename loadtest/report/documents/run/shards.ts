import type { Result } from "../../../analysis/result/result.ts";
import { count, countOrNone, milliseconds, percent } from "../../../stats/format.ts";
import { fewSamplesInWords } from "../../words/few-samples.ts";
import { hottestShard, intervalInWords, isBurning, type LatencyMetric } from "../../words/run.ts";
import { latencyByShard } from "../../pictures/latency-by-shard.ts";
import {
  inMarkdown,
  onPage,
  section,
  sentence,
  table,
  text,
  type Block,
  type Cell,
  type Column,
  type Table,
} from "../model.ts";

type Shard = Result["shards"][number];
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

/** A shard, or all of them together. */
interface Row {
  readonly label: string | null;
  readonly times: Times;
}

const timesOf = ({ label, deliveryMs, serviceMs, commitMs }: Shard): Row => ({
  label,
  times: { delivery: deliveryMs, service: serviceMs, commit: commitMs },
});

/** Label of the shard that burns. */
const burning = (result: Result): string | undefined => (isBurning(result) ? hottestShard(result)?.label : undefined);

type Named = Column<Shard> & { readonly name: string };
const SHARE: Named = { name: "Share", cell: ({ share }) => percent(share) };
const OFFERED: Named = { name: "Offered", cell: ({ offered }) => count(offered) };
const STORED: Named = { name: "Stored", cell: ({ stored }) => countOrNone(stored) };

/** Offered beside acknowledged and stored, shard by shard. */
export const messagesByShard = (result: Result): Table =>
  table<Shard>({
    caption: "Messages. Offered: they belong there and were due, whatever became of them; stored: rows in the database",
    columns: [
      { name: "Shard", cell: ({ label }) => label },
      OFFERED,
      SHARE,
      { name: "Acknowledged", cell: ({ acked }) => count(acked) },
      {
        name: "Failed",
        cell: ({ offered, acked }) => (offered > acked ? { text: count(offered - acked), look: "hot" } : "0"),
      },
      STORED,
      { name: "Recipient off line", cell: ({ offline }) => countOrNone(offline) },
    ],
    rows: result.shards,
  });

/** A figure with its 95 % interval, where its slices tell one. */
function withInterval(result: Result, metric: LatencyMetric, shard: string | null, value: number): Cell {
  return { text: milliseconds(value), under: intervalInWords(result, metric, shard) };
}

const plain = (name: string, group: string, of: (times: Times) => number): Column<Row> => ({
  name,
  group,
  cell: ({ times }) => milliseconds(of(times)),
});

function latencyTable(result: Result): Table {
  const hot = burning(result);
  const known = (name: string, metric: LatencyMetric, group: string, of: (times: Times) => number): Column<Row> => ({
    name,
    group,
    cell: ({ label, times }) => withInterval(result, metric, label, of(times)),
  });
  return table<Row>({
    caption:
      "Milliseconds. Delivery: from the intended send; service: from the actual send; commit: in the server. " +
      "Below a figure its 95 % interval, from the run's own time slices",
    columns: [
      { name: "Shard", cell: ({ label }) => ({ text: label ?? "all", look: label === hot ? "hot" : "" }) },
      known("p50", "delivery.p50", "Delivery", ({ delivery }) => delivery.p50),
      known("p95", "delivery.p95", "Delivery", ({ delivery }) => delivery.p95 ?? 0),
      known("p99", "delivery.p99", "Delivery", ({ delivery }) => delivery.p99),
      plain("p99.9", "Delivery", ({ delivery }) => delivery.p999),
      plain("p50", "Service", ({ service }) => service.p50),
      plain("p95", "Service", ({ service }) => service.p95 ?? 0),
      plain("p99", "Service", ({ service }) => service.p99),
      plain("p99.9", "Service", ({ service }) => service.p999),
      known("p50", "commit.p50", "Commit", ({ commit }) => commit.p50),
      known("p95", "commit.p95", "Commit", ({ commit }) => commit.p95 ?? 0),
      known("p99", "commit.p99", "Commit", ({ commit }) => commit.p99),
    ],
    rows: [...result.shards.map(timesOf), { label: null, times: result.latencyMs }],
    isMarked: ({ label }) => label === null,
  });
}

/** All of a shard in one row, where the page has pictures and two tables. */
export function shardSummary(result: Result): Block {
  const unit = result.verdict.status === "INVALID" ? "ms, not to be trusted" : "ms";
  const known = (name: string, metric: LatencyMetric, of: (shard: Shard) => number): Column<Shard> => ({
    name: `${name}, ${unit}`,
    cell: (shard) => withInterval(result, metric, shard.label, of(shard)),
  });
  const summary = table<Shard>({
    caption: "",
    columns: [
      { name: "Shard", cell: ({ label }) => label },
      SHARE,
      OFFERED,
      STORED,
      known("Delivery p50", "delivery.p50", ({ deliveryMs }) => deliveryMs.p50),
      known("p95", "delivery.p95", ({ deliveryMs }) => deliveryMs.p95 ?? 0),
      known("p99", "delivery.p99", ({ deliveryMs }) => deliveryMs.p99),
      { name: `Service p95, ${unit}`, cell: ({ serviceMs }) => milliseconds(serviceMs.p95 ?? 0) },
      { name: `p99, ${unit}`, cell: ({ serviceMs }) => milliseconds(serviceMs.p99) },
      known("Commit p95", "commit.p95", ({ commitMs }) => commitMs.p95 ?? 0),
      known("p99", "commit.p99", ({ commitMs }) => commitMs.p99),
    ],
    rows: result.shards,
  });
  return inMarkdown(section("shards", "Shards", summary, ...sentence(fewSamplesInWords(result))));
}

const lower = (column: Named, width: number): Column<Shard> => ({
  ...column,
  name: column.name.toLowerCase(),
  width,
});

const INNOCENT: Column<Shard> = {
  name: "innocent",
  width: 9,
  cell: ({ innocentP99Ms }) => milliseconds(innocentP99Ms ?? 0),
};

/** The same for a terminal, with a bar of its share. @param columns of the screen */
export function shardBars(result: Result, columns: number): Table {
  const most = Math.max(...result.shards.map(({ share }) => share), 1e-9);
  const hot = burning(result);
  return table<Shard>({
    caption: "",
    columns: [
      { name: "shard", width: 6, cell: ({ label }) => label },
      { ...text(""), cell: ({ share }) => ({ text: "", bar: share / most }) },
      lower(SHARE, 9),
      lower(OFFERED, 11),
      lower(STORED, 11),
      { name: "p95, ms", width: 9, cell: ({ deliveryMs }) => milliseconds(deliveryMs.p95 ?? 0) },
      { name: "p99, ms", width: 9, cell: ({ deliveryMs }) => milliseconds(deliveryMs.p99) },
      // The sentence about the blast radius says the same of them all.
      ...(columns >= 72 ? [INNOCENT] : []),
    ],
    rows: result.shards,
    isMarked: ({ label }) => label === hot,
  });
}

const UNJUDGED = "The run is invalid, so these are shown grey: they do not measure the server.";

/** Percentiles of an invalid run are grey: they measure something else than the server. */
export const judged = (result: Result, ...blocks: readonly Block[]): Block[] =>
  result.verdict.status === "VALID" ? [...blocks] : [{ kind: "grey", blocks }];

/** Latency per shard, corrected beside naive. */
export function latency(result: Result): Block {
  const shown = result.shards.some(({ deliveryMs }) => deliveryMs.p99 > 0);
  return onPage(
    section(
      "latency",
      "Latency by shard",
      ...(result.verdict.status === "VALID" ? [] : sentence(UNJUDGED)),
      ...sentence(
        "What users wait is delivery: from the moment a message was meant to be sent until its reader's " +
          "socket has it. Service starts at the actual send and hides what queues before it.",
      ),
      ...judged(result, { kind: "picture", picture: shown ? latencyByShard(result) : null }, latencyTable(result)),
      ...sentence(fewSamplesInWords(result), "soft"),
    ),
  );
}
