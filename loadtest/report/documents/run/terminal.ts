import { escapeTerminal } from "../../render/escape.ts";
import { failuresInWords, outagesInWords, recoveryInWords } from "../../words/failures.ts";
import { fewSamplesInWords } from "../../words/few-samples.ts";
import { count, countOrNone, milliseconds, percent, times } from "../../../stats/format.ts";
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
  hottestShard,
  isBurning,
  leadInWords,
  readsInWords,
  knowsNoShares,
  trendsInWords,
  THRESHOLD_MARKS,
  thresholdsInWords,
} from "../../words/run.ts";
import { closedInWords, overallInWords } from "../../words/traffic.ts";

/** Where the text goes: `process.stderr`, or anything that says whether it is a terminal, and how wide. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Colour only for a person at a terminal who did not refuse it (no-color.org). */
export function wantsColour(screen: Screen, environment: Readonly<Record<string, string | undefined>>): boolean {
  const refused = (environment["NO_COLOR"] ?? "") !== "" || environment["TERM"] === "dumb";
  return screen.isTTY === true && !refused;
}

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** A bar of `share` (0…1) of `width` cells, exact to an eighth of a cell, filled up with spaces. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.max(0, Math.min(1, share)) * width * 8);
  const cells = "█".repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]!;
  return cells.padEnd(width);
}

/** Breaks a sentence at spaces; following lines are indented by two. */
export function wrap(sentence: string, columns: number): string {
  const lines = [""];
  for (const word of escapeTerminal(sentence).split(" ")) {
    const line = lines[lines.length - 1]!;
    if (line !== "" && line.length + 1 + word.length > columns) lines.push(`  ${word}`);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.join("\n");
}

function shardTable(result: Result, columns: number, hot: (line: string) => string): string {
  const most = Math.max(...result.shards.map(({ share }) => share), 1e-9);
  // The sentence about the blast radius says the same of them all.
  const hasInnocent = columns >= 72;
  const width = Math.max(4, columns - (hasInnocent ? 64 : 55));
  const burning = isBurning(result) ? hottestShard(result)?.label : undefined;
  const head = `${"shard".padEnd(6)}${"".padEnd(width)}${"share".padStart(9)}${"offered".padStart(11)}${"stored".padStart(11)}${"p95, ms".padStart(9)}${"p99, ms".padStart(9)}${hasInnocent ? "innocent".padStart(9) : ""}`;
  const rows = result.shards.map(({ label, share, offered, stored, deliveryMs, innocentP99Ms }) => {
    const [p95, p99] = [deliveryMs.p95 ?? 0, deliveryMs.p99].map((ms) => milliseconds(ms).padStart(9));
    const innocent = hasInnocent ? milliseconds(innocentP99Ms ?? 0).padStart(9) : "";
    const line = `${escapeTerminal(label).padEnd(6)}${bar(share / most, width)}${percent(share).padStart(9)}${count(offered).padStart(11)}${countOrNone(stored).padStart(11)}${p95}${p99}${innocent}`;
    return label === burning ? hot(line) : line;
  });
  return [head, ...rows].join("\n");
}

/** The result in a screen of text, for a person at a terminal; 80 columns when the screen does not say. */
export function terminalReport(result: Result, screen: Screen, environment = process.env): string {
  const columns = Math.max(60, Math.min(100, screen.columns ?? 80));
  const colour = wantsColour(screen, environment);
  const paint = (codes: string) => (text: string) => (colour ? `\u001b[${codes}m${text}\u001b[0m` : text);
  const bold = paint("1");
  const hot = paint("1;31");
  const { run, server, skew, verdict } = result;
  const shaped = server.shaped === null ? "" : `, shaped: ${server.shaped}`;
  const valid = verdict.status === "VALID";
  const lead = leadInWords(result);
  const { causes } = skew;
  const factors =
    causes && causesIn(causes).map(({ name, label }) => `${label.toLowerCase()} ${causes[name].factor.toFixed(2)}`);
  const failed = [failuresInWords(result), ...outagesInWords(result), recoveryInWords(result)].flatMap(
    (one) => one ?? [],
  );
  const sentences = [
    fewSamplesInWords(result),
    forecastInWords(result),
    knowsNoShares(result)
      ? null
      : `Max/mean ${times(skew.maxOverMean)} (chance alone ${times(skew.noiseFloor.mean)}, at most ${times(skew.noiseFloor.p99)}); effective shards ${skew.effectiveShards.toFixed(1)} of ${result.shards.length}.`,
    closedInWords(result),
    aimInWords(result),
    factors === null ? null : `Skew = ${factors.join(" × ")}.`,
    blastRadiusInWords(result),
    headroomInWords(result) ?? (knowsNoShares(result) ? null : HEADROOM_UNKNOWN),
    readsInWords(result),
    trendsInWords(result),
    `Audit: ${auditInWords(result)}`,
  ];
  const reasons = verdict.reasons.map(({ code, message }) => wrap(`${code}: ${message}`, columns));
  const kept = (result.thresholds ?? []).map(({ status, message, threshold }) => {
    const line = wrap(`${THRESHOLD_MARKS[status]}  ${threshold}: ${message}`, columns);
    return status === "failed" ? hot(line) : line;
  });
  const plain = (sentence: string): string => wrap(sentence, columns);
  return [
    plain(
      `${run.scenario}, ${run.driver} driver, ${result.shards.length} × ${server.engine} by ${server.placement}${shaped}`,
    ),
    valid ? bold("VALID") : [hot("INVALID: the percentiles below are not to be trusted"), ...reasons].join("\n"),
    "",
    bold(plain(headline(result))),
    ...failed.map((sentence) => hot(plain(sentence))),
    ...(lead === "" ? [] : [plain(lead)]),
    "",
    shardTable(result, columns, hot),
    "",
    bold(plain(overallInWords(result))),
    "",
    ...sentences.flatMap((sentence) => (sentence === null ? [] : [plain(sentence)])),
    ...(kept.length > 0 ? ["", bold(thresholdsInWords(result) ?? ""), ...kept] : []),
    "",
    plain(`Again: ${run.command}`),
    "",
  ].join("\n");
}
