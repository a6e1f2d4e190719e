import { sum } from "d3-array";
import type { Result } from "../../../analysis/result/result.ts";
import { count, countOrNone, milliseconds, percent } from "../../../stats/format.ts";
import { fewSamplesInWords } from "../../words/few-samples.ts";
import { hottestShard, intervalInWords, isBurning, type LatencyMetric } from "../../words/run.ts";
import { latencyByShard } from "../../pictures/latency-by-shard.ts";
import { section, sentence, table, text, type Block, type Column, type Table } from "../model.ts";

type Shard = Result["shards"][number];
/** ms. */
interface Times {
  readonly delivery: Shard["deliveryMs"];
  readonly service: Shard["serviceMs"];
  readonly commit: Shard["commitMs"];
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

/** Where rows were moved, a message may belong elsewhere than it was acknowledged. */
function failedOf({ changes, failures }: Result, { acked, label, offered }: Shard): number {
  if (changes === undefined) return offered - acked;
  return sum(failures, ({ count: messages, shard }) => (shard === label ? messages : 0));
}

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
        cell(shard) {
          const failed = failedOf(result, shard);
          return failed > 0 ? { text: count(failed), look: "hot" } : "0";
        },
      },
      STORED,
      { name: "Recipient off line", cell: ({ offline }) => countOrNone(offline) },
    ],
    rows: result.shards,
  });

function latencyTable(result: Result): Table {
  const hot = burning(result);
  /** @param metric with an interval, where there is one for it */
  const time = (group: string, q: string, of: (times: Times) => number, metric?: LatencyMetric): Column<Row> => ({
    name: `${q}, ms`,
    group,
    cell: ({ label, times }) => ({
      text: milliseconds(of(times)),
      under: metric === undefined ? null : intervalInWords(result, metric, label),
    }),
  });
  return table<Row>({
    caption:
      "Delivery: from the intended send; service: from the actual send; commit: in the server. " +
      "With a figure its 95 % interval, from the run's own time slices",
    columns: [
      { name: "Shard", cell: ({ label }) => ({ text: label ?? "all", look: label === hot ? "hot" : "" }) },
      time("Delivery", "p50", ({ delivery }) => delivery.p50, "delivery.p50"),
      time("Delivery", "p95", ({ delivery }) => delivery.p95 ?? 0, "delivery.p95"),
      time("Delivery", "p99", ({ delivery }) => delivery.p99, "delivery.p99"),
      time("Delivery", "p99.9", ({ delivery }) => delivery.p999),
      time("Service", "p50", ({ service }) => service.p50),
      time("Service", "p95", ({ service }) => service.p95 ?? 0),
      time("Service", "p99", ({ service }) => service.p99),
      time("Service", "p99.9", ({ service }) => service.p999),
      time("Commit", "p50", ({ commit }) => commit.p50, "commit.p50"),
      time("Commit", "p95", ({ commit }) => commit.p95 ?? 0, "commit.p95"),
      time("Commit", "p99", ({ commit }) => commit.p99, "commit.p99"),
    ],
    rows: [...result.shards.map(timesOf), { label: null, times: result.latencyMs }],
    isMarked: ({ label }) => label === null,
  });
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

const UNJUDGED = "The run is invalid: these figures do not measure the server.";

/** Percentiles of an invalid run are grey: they measure something else than the server. */
export const judged = (result: Result, ...blocks: readonly Block[]): Block[] =>
  result.verdict.status === "VALID" ? [...blocks] : [{ kind: "grey", blocks }];

/** Latency per shard, corrected beside naive. */
export function latency(result: Result): Block {
  const shown = result.shards.some(({ deliveryMs }) => deliveryMs.p99 > 0);
  return section(
    "latency",
    "Latency by shard",
    ...(result.verdict.status === "VALID" ? [] : sentence(UNJUDGED)),
    ...sentence(
      "What users wait is delivery: from the moment a message was meant to be sent until its reader's " +
        "socket has it. Service starts at the actual send and hides what queues before it.",
    ),
    ...judged(result, { kind: "picture", picture: shown ? latencyByShard(result) : null }, latencyTable(result)),
    ...sentence(fewSamplesInWords(result), "soft"),
  );
}
