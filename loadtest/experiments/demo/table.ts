import { join } from "node:path";
import type { PlayedAct } from "./demo.ts";
import type { Result } from "../../analysis/result/result.ts";
import { stallsInWords } from "../../report/words/changes.ts";
import { headline } from "../../report/words/run.ts";
import { wrap } from "../../report/render/terminal.ts";

type Row = readonly [question: string, ...answers: string[]];

/**
 * The demo's last word: one column per act, one row per question that a newcomer has, then where the reports are.
 *
 * @param out the folder that holds the acts' folders
 */
export function demoTable(all: readonly PlayedAct[], out: string): string {
  // Its shards are not those of the others.
  const rehearsed = all.filter(({ act }) => act.scenario === "shard-loss");
  const played = all.filter((one) => !rehearsed.includes(one));
  const rows: Row[] = [
    ["", ...played.map(({ act }) => `act ${act.number}`)],
    ["traffic", ...played.map(({ act }) => act.scenario)],
    ["asked, messages/s", ...played.map(({ result }) => rate(result, "asked"))],
    ["made, messages/s", ...played.map(({ result }) => rate(result, "made"))],
    ["placement", ...played.map(({ act }) => act.placed.replace("virtualNodes=", ""))],
    ["fullest shard takes", ...played.map(({ result }) => fullestInWords(result))],
    ["… times its fair share", ...played.map(({ result }) => result.skew.maxOverMean.toFixed(2))],
    ["… if chance alone", ...played.map(({ result }) => result.skew.noiseFloor.mean.toFixed(2))],
    ["… as advice forecast", ...played.map(({ act }) => act.forecast?.maxOverMean.toFixed(2) ?? "")],
    ["shards paid / used", ...played.map(({ result }) => `4 / ${result.skew.effectiveShards.toFixed(1)}`)],
    ["bystanders' p99 there", ...played.map(({ result }) => bystanders(result, true))],
    ["bystanders' p99 else", ...played.map(({ result }) => bystanders(result, false))],
    ["stored = acknowledged", ...played.map(({ result }) => audit(result))],
    ["verdict", ...played.map(({ result }) => result.verdict.status)],
  ];
  const reports = all.map(({ act }) => `  act ${act.number}  ${join(out, act.folder, "report.html")}`);
  return `\n${align(rows)}\n\n${wrap(LEGEND, 80)}\n${moral(played)}${kept(rehearsed)}\nReports:\n${reports.join("\n")}\n`;
}

function rate({ traffic }: Result, which: "asked" | "made"): string {
  return Math.round(traffic[which]?.rate ?? 0).toLocaleString("en");
}

function fullest({ shards }: Result): Result["shards"][number] {
  return shards.reduce((most, shard) => (shard.share > most.share ? shard : most));
}

function fullestInWords(result: Result): string {
  const { label, share } = fullest(result);
  return `${label}: ${(100 * share).toFixed(1)} %`;
}

/** Delivery p99 of dialogs that are not hot: on the fullest shard, or the worst of the others. */
function bystanders(result: Result, onFullest: boolean): string {
  const { label } = fullest(result);
  const shards = result.shards.filter((shard) => (shard.label === label) === onFullest);
  const worst = Math.max(...shards.map((shard) => shard.innocentP99Ms ?? shard.deliveryMs.p99));
  return `${Math.round(worst).toLocaleString("en")} ms`;
}

function audit({ audit: { match, acked } }: Result): string {
  if (match === null) return "not comparable";
  return match ? `${acked.toLocaleString("en")} yes` : "NO";
}

const LEGEND =
  "Bystanders are the dialogs that are not hot; p99: 99 of 100 of their messages take no longer; there: on " +
  "the fullest shard; else: on the worst of the others.";

function moral(played: readonly PlayedAct[]): string {
  const advice = played.find(({ act }) => act.number === 3)?.result.advice[0];
  return advice === undefined ? "" : `\n${wrap(`The advice of act 3, followed in act 4: ${advice.text}`, 80)}\n`;
}

/** Of the act in which the shards change. */
function kept(rehearsed: readonly PlayedAct[]): string {
  return rehearsed
    .map(({ act, result }) => {
      const words = [headline(result), stallsInWords(result) ?? "", result.verdict.status];
      return `\n${wrap(`Act ${act.number}: ${words.join(" ")}`, 80)}\n`;
    })
    .join("");
}

function align(rows: readonly Row[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
