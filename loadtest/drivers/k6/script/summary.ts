import { arrivalsOf } from "../../../traffic/arrivals/registry.ts";
import { rateInWords } from "../../../traffic/arrivals/values.ts";
import { askedAndMade, perSecondOf } from "../../../traffic/asked.ts";
import type { Settings } from "./settings.ts";
import { COUNTERS, TRENDS, type CounterName } from "../../../measurement/metric-names.ts";
import { countOfShard, measured, ofShard } from "./metric-names.ts";
import { mostFailures } from "./thresholds.ts";

/** The part of k6's summary data that is read. */
export interface SummaryData {
  readonly metrics: Readonly<Record<string, SummaryMetric | undefined>>;
  readonly setup_data?: unknown;
}

interface SummaryMetric {
  readonly values: Readonly<Record<string, number | undefined>>;
  readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>;
}

interface SummaryContext {
  readonly scenario: string;
  readonly settings: Settings;
  /** The server's shards, if it told. */
  readonly labels: readonly string[] | null;
  /** Null when the run never began. */
  readonly runId: string | null;
  readonly askedShare: number | null;
  /** Messages per second that all generators together are asked for; null: the rate is a result. */
  readonly askedRate: number | null;
}

const BAR = 24;

/** Every counter of the run, and `acked` by shard: what a driver checks its own sums against. */
export function countersOf(data: SummaryData): { readonly counters: Record<CounterName, number> } {
  const names = Object.keys(COUNTERS) as CounterName[];
  return {
    counters: Object.fromEntries(names.map((name) => [name, countOf(data, name)])) as Record<CounterName, number>,
  };
}

/** The table per shard, the skew, the sums, and the verdict, as text for a terminal. */
export function summaryText(data: SummaryData, context: SummaryContext): string {
  const { settings, scenario } = context;
  const { dials } = settings;
  const rows = shardRows(data, context);
  const acked = countOf(data, "acked");
  const count = (name: CounterName) => `${name} ${countOf(data, name)}`;
  const lines = [
    "",
    `${scenario}: ${dials.users} users, ${rates(data, context)}, ${dials.durationS} s after ${dials.warmupS} ` +
      `s of warm-up, seed ${dials.seed}`,
    "",
    ...(rows.length > 0 ? [...table(rows), ""] : []),
    skewLine(rows, countOf(data, "failed")),
    hotLine(data, context),
    `all shards: delivery ${quantiles(data, TRENDS.delivery)} · service ${quantiles(data, TRENDS.service)} · ` +
      `commit ${quantiles(data, TRENDS.commit)}`,
    `sent ${countOf(data, "sent")} = acked ${acked} + ${count("refused")} + ${count("unknown")}; ` +
      `${count("delivered")}, ${count("offline")}, not connected ${countOf(data, "notConnected")}, ` +
      `${count("duplicated")}, ${count("reordered")}`,
    auditLine(data, rows, context.runId),
    "",
    ...verdict(data, settings),
    "",
  ];
  return `${lines.filter((line) => line !== null).join("\n")}\n`;
}

/** One of several generators makes a part of what all are asked for. */
function rates(data: SummaryData, { settings: { dials, generators }, askedRate }: SummaryContext): string {
  const made = perSecondOf(countOf(data, "sent"), dials.warmupS + dials.durationS);
  const { gaps, words, ...shape } = arrivalsOf(dials);
  const row = gaps === "even" && shape.isOpen ? ", even gaps" : "";
  const changes = !shape.isOpen || shape.pieces.length > 0;
  const course = changes || row !== "" ? `${words}${row}: ` : "";
  if (askedRate === null) return `${course}made ${rateInWords(made)}`;
  const isAverage = changes || rateInWords(askedRate) !== rateInWords(dials.rate);
  const part = generators === 1 ? "" : ` by one of ${generators} generators`;
  return `${course}${askedAndMade(askedRate, made, isAverage)}${part}`;
}

interface ShardRow {
  readonly label: string;
  readonly acked: number;
  readonly share: number;
  readonly bar: string;
  readonly delivery: SummaryMetric | undefined;
  readonly service: SummaryMetric | undefined;
  readonly commit: SummaryMetric | undefined;
}

/** Shards that the server named, or else those that answered: 64 are declared, since k6 cannot ask beforehand. */
function shardRows(data: SummaryData, { labels, settings }: SummaryContext): ShardRow[] {
  const counts = (labels ?? settings.labels).map((label) => {
    const acked = data.metrics[countOfShard(COUNTERS.acked, label)]?.values["count"] ?? 0;
    return { label, acked };
  });
  const shown = labels === null && !settings.labelsAreKnown ? counts.filter((row) => row.acked > 0) : counts;
  const total = shown.reduce((sum, row) => sum + row.acked, 0);
  const most = Math.max(1, ...shown.map((row) => row.acked));
  return shown.map(({ label, acked }) => ({
    label,
    acked,
    share: total === 0 ? 0 : acked / total,
    bar: "█".repeat(Math.round((acked / most) * BAR)),
    delivery: data.metrics[ofShard(TRENDS.delivery, label)],
    service: data.metrics[ofShard(TRENDS.service, label)],
    commit: data.metrics[ofShard(TRENDS.commit, label)],
  }));
}

const COLUMNS: readonly (readonly [head: string, cell: (row: ShardRow) => string])[] = [
  ["shard", ({ label }) => label],
  ["acked", ({ acked }) => String(acked)],
  ["share", ({ share }) => `${(100 * share).toFixed(1)} %`],
  ["".padEnd(BAR), ({ bar }) => bar.padEnd(BAR)],
  ["delivery p50", ({ delivery }) => milliseconds(delivery, "med")],
  ["p95", ({ delivery }) => milliseconds(delivery, "p(95)")],
  ["p99", ({ delivery }) => milliseconds(delivery, "p(99)")],
  ["service p95", ({ service }) => milliseconds(service, "p(95)")],
  ["p99", ({ service }) => milliseconds(service, "p(99)")],
  ["commit p95", ({ commit }) => milliseconds(commit, "p(95)")],
  ["p99", ({ commit }) => milliseconds(commit, "p(99)")],
];

function table(rows: readonly ShardRow[]): string[] {
  const all = [COLUMNS.map(([head]) => head), ...rows.map((row) => COLUMNS.map(([, cell]) => cell(row)))];
  const widths = COLUMNS.map((_, column) => Math.max(...all.map((line) => line[column]?.length ?? 0)));
  return all.map((line) => `  ${line.map((cell, column) => cell.padStart(widths[column] ?? 0)).join("  ")}`);
}

/** k6 does not know where what failed belongs. */
function skewLine(rows: readonly ShardRow[], failed: number): string {
  const total = rows.reduce((sum, row) => sum + row.acked, 0);
  const most = Math.max(0, ...rows.map((row) => row.acked));
  if (total === 0) return "no message was acknowledged";
  const hottest = rows.find((row) => row.acked === most)?.label ?? "";
  const ratio = (most * rows.length) / total;
  const survivors = failed > 0 ? `, of what was acknowledged: ${failed} more failed` : "";
  return (
    `max/mean ${ratio.toFixed(2)} (shard ${hottest}) · effective shards ${(total / most).toFixed(1)} of ` +
    `${rows.length}${survivors}`
  );
}

function hotLine(data: SummaryData, { askedShare }: SummaryContext): string {
  const sent = countOf(data, "sent") + countOf(data, "notConnected");
  if (askedShare === null) return "no dialog was made hot";
  const realised = sent === 0 ? 0 : countOf(data, "hotOffered") / sent;
  return `hot dialog: ${(100 * realised).toFixed(1)} % of the messages, asked for ${(100 * askedShare).toFixed(1)} %`;
}

/** For `GET /v1/audit?run=…` or a SQL prompt: equal sums show that just these messages are stored. */
function auditLine(data: SummaryData, rows: readonly ShardRow[], runId: string | null): string {
  const sums = rows.map(({ label }) => {
    const sum = data.metrics[countOfShard(COUNTERS.auditSum, label)]?.values["count"] ?? 0;
    return `${label} ${sum}`;
  });
  return `run ${runId ?? "–"}; audit sums: ${sums.join(", ") || "–"}`;
}

/** The generator is judged first: when it was the bottleneck, the figures above say nothing about the server. */
function verdict(data: SummaryData, settings: Settings): string[] {
  const lag = data.metrics[measured(TRENDS.sendLag)]?.values["p(99)"] ?? 0;
  const invalid: string[] = [];
  if (lag >= settings.maxLagMs) {
    const figures = `p99 of the send lag ${lag.toFixed(1)} ms, at most ${settings.maxLagMs} allowed`;
    invalid.push(`the generator was the bottleneck (${figures}): lower RATE, or give k6 more cores`);
  }
  const rule = (name: CounterName, text: (count: number) => string) => {
    const count = countOf(data, name);
    if (count !== 0) invalid.push(text(count));
  };
  rule(
    "connectionFailures",
    (n) => `${n} connections were refused or lost: is the server there, and its secret the same?`,
  );
  rule("lateVus", (n) => `${n} VUs were not connected when the schedule started: give them more time (CONNECT=10s)`);
  rule("unaccounted", (n) => `sent is not acked + refused + unknown, by ${n}`);
  if (countOf(data, "finished") !== settings.vus) invalid.push("not every VU came to its end");
  const faults: string[] = [];
  if (countOf(data, "acked") === 0) faults.push("no message was acknowledged");
  const fault = (name: CounterName, text: (count: number) => string) => {
    const count = countOf(data, name);
    if (count > 0) faults.push(text(count));
  };
  const failed = countOf(data, "failed");
  const most = mostFailures(settings) ?? Math.floor(settings.maxErrors * countOf(data, "planned"));
  if (failed > most) {
    const kinds =
      `${countOf(data, "refused")} refused, ${countOf(data, "unknown")} without an answer, ` +
      `${countOf(data, "notConnected")} without a connection`;
    faults.push(`${failed} messages failed (${kinds}), at most ${most} may (MAX_ERRORS)`);
  }
  if (settings.generators === 1)
    fault("undelivered", (n) => `${n} acknowledged messages did not reach a reader who was connected`);
  fault("duplicated", (n) => `${n} messages were received twice`);
  fault("reordered", (n) => `${n} messages were received out of order`);
  const status = invalid.length > 0 ? "INVALID" : faults.length > 0 ? "FAILED" : "VALID";
  return [`verdict: ${status}`, ...[...invalid, ...faults].map((reason) => `  - ${reason}`)];
}

function countOf(data: SummaryData, name: CounterName): number {
  return data.metrics[COUNTERS[name]]?.values["count"] ?? 0;
}

function quantiles(data: SummaryData, trend: string): string {
  const metric = data.metrics[measured(trend)];
  return (
    `p50 ${milliseconds(metric, "med")}, p95 ${milliseconds(metric, "p(95)")}, p99 ` + milliseconds(metric, "p(99)")
  );
}

function milliseconds(metric: SummaryMetric | undefined, statistic: string): string {
  const value = metric?.values[statistic];
  if (value === undefined || metric?.values["count"] === 0) return "–";
  return `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;
}
