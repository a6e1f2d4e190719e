import { escapeMarkdown } from "../../render/escape.ts";
import { failuresInWords, outagesInWords, recoveryInWords } from "../../words/failures.ts";
import { fewSamplesInWords } from "../../words/few-samples.ts";
import { count, countOrNone, duration, milliseconds, moment, percent, plural, times } from "../../../stats/format.ts";
import { machineInWords } from "../../words/machine.ts";
import type { Result } from "../../../analysis/result/result.ts";
import {
  aimInWords,
  auditInWords,
  blastRadiusInWords,
  causesIn,
  forecastInWords,
  headline,
  HEADROOM_UNKNOWN,
  headroomInWords,
  intervalInWords,
  leadInWords,
  readsInWords,
  knowsNoShares,
  trendsInWords,
  THRESHOLD_MARKS,
  thresholdsInWords,
  verdictInWords,
  type LatencyMetric,
} from "../../words/run.ts";
import { closedInWords, overallInWords, trafficInWords } from "../../words/traffic.ts";

type Row = readonly string[];

/** A table whose cells are escaped. */
function table(head: Row, rows: readonly Row[]): string {
  const rule = head.map((_, column) => (column === 0 ? ":--" : "--:"));
  const line = (cells: Row): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(rule), ...rows.map((row) => line(row.map(escapeMarkdown)))].join("\n");
}

/** Text as an indented code block: nothing in it is markup, however many back-ticks it has. */
const code = (text: string): string => `    ${text.replace(/\s+/g, " ")}`;

function summary(result: Result): string {
  const { run, server } = result;
  const where = [
    run.scenario,
    `${run.driver} driver`,
    `${plural(server.shards, "shard")} (${server.engine}), ${server.placement}`,
    server.shaped === null ? null : `shaped: ${server.shaped}`,
    trafficInWords(result),
    moment(run.startedAt),
  ].filter((words) => words !== null);
  const reasons = result.verdict.reasons.map(
    ({ code: name, message }) => `- **${escapeMarkdown(name)}** ${escapeMarkdown(message)}`,
  );
  const sentences = [
    overallInWords(result),
    failuresInWords(result),
    ...outagesInWords(result),
    recoveryInWords(result),
    thresholdsInWords(result),
    leadInWords(result),
    closedInWords(result),
    forecastInWords(result),
    headroomInWords(result) ?? (knowsNoShares(result) ? null : HEADROOM_UNKNOWN),
    readsInWords(result),
    trendsInWords(result),
    blastRadiusInWords(result),
  ];
  return [
    `# ${escapeMarkdown(headline(result))}`,
    `**${result.verdict.status}** ${escapeMarkdown(verdictInWords(result))}`,
    ...(reasons.length > 0 ? [reasons.join("\n")] : []),
    ...sentences.flatMap((sentence) => (sentence === null || sentence === "" ? [] : [escapeMarkdown(sentence)])),
    escapeMarkdown(where.join(" · ")),
  ].join("\n\n");
}

function shards(result: Result): string {
  const invalid = result.verdict.status === "INVALID";
  const unit = invalid ? "ms, not to be trusted" : "ms";
  const withInterval = (value: number, metric: LatencyMetric, label: string) => {
    const ends = intervalInWords(result, metric, label);
    return ends === null ? milliseconds(value) : `${milliseconds(value)} (${ends})`;
  };
  return table(
    [
      "Shard",
      "Share",
      "Offered",
      "Stored",
      `Delivery p50, ${unit}`,
      `p95, ${unit}`,
      `p99, ${unit}`,
      `Service p95, ${unit}`,
      `p99, ${unit}`,
      `Commit p95, ${unit}`,
      `p99, ${unit}`,
    ],
    result.shards.map(({ label, share, offered, stored, deliveryMs, serviceMs, commitMs }) => [
      label,
      percent(share),
      count(offered),
      countOrNone(stored),
      withInterval(deliveryMs.p50, "delivery.p50", label),
      withInterval(deliveryMs.p95 ?? 0, "delivery.p95", label),
      withInterval(deliveryMs.p99, "delivery.p99", label),
      milliseconds(serviceMs.p95 ?? 0),
      milliseconds(serviceMs.p99),
      withInterval(commitMs.p95 ?? 0, "commit.p95", label),
      withInterval(commitMs.p99, "commit.p99", label),
    ]),
  );
}

function skew(result: Result): string {
  const { skew: s } = result;
  const { causes } = s;
  const factors = (causes === null ? [] : causesIn(causes)).map(({ name, label }) => {
    const { factor, low, high } = causes![name];
    return [label, times(factor), `${low.toFixed(2)} to ${high.toFixed(2)}`];
  });
  return [
    `Max/mean ${times(s.maxOverMean)} (chance alone ${times(s.noiseFloor.mean)}, at most ${times(s.noiseFloor.p99)} in 99 of 100 runs); ` +
      `${s.effectiveShards.toFixed(1)} effective shards of ${result.shards.length}; CV ${percent(s.cv)}; Gini ${s.gini.toFixed(3)}; ${plural(s.distinctDialogs, "dialog")}.`,
    ...[aimInWords(result) ?? []].flat(),
    table(["Factor", "Times", "95 % interval"], [...factors, ["Observed", times(s.maxOverMean), ""]]),
  ].join("\n\n");
}

function thresholdTable({ thresholds = [] }: Result): string[] {
  if (thresholds.length === 0) return [];
  const rows = thresholds.map(({ threshold, status, message }) => [threshold, THRESHOLD_MARKS[status], message]);
  return ["## Thresholds", table(["Threshold", "Verdict", "What was measured"], rows)];
}

function failureTable({ failures }: Result): string[] {
  if (failures.length === 0) return [];
  const rows = failures.map(({ shard, code: name, count: n, fromS, untilS }) => [
    shard,
    name,
    count(n),
    `${fromS.toFixed(1)} s to ${untilS.toFixed(1)} s`,
  ]);
  return ["## What failed", table(["Shard", "Code", "Messages", "When due"], rows)];
}

function windowTable({ windows }: Result): string[] {
  if (windows.length === 0) return [];
  const rows = windows.map(({ name, fromS, untilS, failed, acked, deliveryMs }) => [
    name,
    `${fromS} s to ${untilS} s`,
    count(failed),
    count(acked),
    milliseconds(deliveryMs?.p50 ?? 0),
    milliseconds(deliveryMs?.p95 ?? 0),
    milliseconds(deliveryMs?.p99 ?? 0),
  ]);
  const head = ["Window", "When", "Failed", "Acknowledged", "Delivery p50, ms", "p95, ms", "p99, ms"];
  return ["## Before, during, after", table(head, rows)];
}

/** The report for a terminal, a pull request or a wiki: GitHub-flavoured Markdown. */
export function markdownReport(result: Result): string {
  const { audit, generator, traffic } = result;
  const hot = result.hotDialogs.map(({ rank, dialog, name, share, error, shard }) => [
    String(rank),
    name === undefined ? dialog : `${name} (${dialog})`,
    percent(share, 2),
    error === 0 ? "exact" : percent(error, 2),
    shard,
  ]);
  const sizes = [...new Set(result.whatIf.rows.map(({ shards: n }) => n))].sort((a, b) => a - b);
  const placements = [...new Set(result.whatIf.rows.map(({ placement }) => placement))];
  const whatIf = placements.map((placement) =>
    [placement].concat(
      sizes.map((size) => {
        const row = result.whatIf.rows.find(
          (candidate) => candidate.placement === placement && candidate.shards === size,
        );
        return row === undefined ? "–" : `${times(row.maxOverMean)} (${percent(row.movedFromToday, 0)})`;
      }),
    ),
  );
  const advice = result.advice.map(
    ({ text, forecast }) => `- ${escapeMarkdown(text)} Forecast max/mean ${times(forecast.maxOverMean)}.`,
  );
  const parts = [
    summary(result),
    ...failureTable(result),
    ...windowTable(result),
    ...thresholdTable(result),
    "## Shards",
    shards(result),
    ...[fewSamplesInWords(result)].flatMap((words) => words ?? []),
    ...(knowsNoShares(result) ? [] : ["## Where the skew comes from", skew(result)]),
    ...(hot.length > 0 ? ["## Hot dialogs", table(["Rank", "Dialog", "Share", "Error at most", "Shard"], hot)] : []),
    ...(knowsNoShares(result) ? [] : ["## What would fix it", advice.join("\n")]),
    ...(whatIf.length > 0
      ? [
          "## What if",
          "Max/mean (share of dialogs that would move):",
          table(["Placement", ...sizes.map(String)], whatIf),
        ]
      : []),
    "## Audit",
    escapeMarkdown(auditInWords(result)),
    `Acknowledged ${count(audit.acked)}, stored ${countOrNone(audit.stored)}, unknown ${count(audit.unknown)}, lost ${count(audit.lost)}, duplicated ${count(audit.duplicated)}, reordered ${count(audit.reordered)}, undelivered ${count(audit.undelivered)}, missed while away ${count(audit.missedWhileAway)}.`,
    "## Generator",
    `Send lag p99 ${duration(generator.sendLagMs.p99)}, handler lag p99 ${duration(generator.handlerLagMs.p99)}, CPU ${percent(generator.cpu, 0)} of one core, ${plural(traffic.late, "message")} late, ${count(traffic.notConnected)} without a connection.`,
    "## Run it again",
    code(result.run.command),
    ...(result.run.machine === undefined ? [] : [`Machine: ${escapeMarkdown(machineInWords(result.run.machine))}.`]),
  ];
  return `${parts.join("\n\n")}\n`;
}
