import type { Result } from "../../../analysis/result/result.ts";
import { times } from "../../../stats/format.ts";
import { factsInWords } from "../../words/facts.ts";
import { failedInWords } from "../../words/failures.ts";
import { fewSamplesInWords } from "../../words/few-samples.ts";
import {
  auditInWords,
  blastRadiusInWords,
  causesIn,
  headline,
  knowsNoShares,
  leadInWords,
  THRESHOLD_MARKS,
  thresholdsInWords,
} from "../../words/run.ts";
import { historyInWords } from "../../words/history.ts";
import { overallInWords } from "../../words/traffic.ts";
import { sentence, type Block } from "../model.ts";
import { historyEvidence } from "./history.ts";
import { shardBars } from "./shards.ts";

/** The result in a screen of text, for a person at a terminal. @param columns of the screen */
export function runScreen(result: Result, columns: number): Block[][] {
  const { run, server, skew, verdict, thresholds: given = [] } = result;
  const { history = null } = result.audit;
  const shaped = server.shaped === null ? "" : `, shaped: ${server.shaped}`;
  const shards = `${result.shards.length} × ${server.engine} by ${server.placement}`;
  const what = `${run.scenario}, ${run.driver} driver, ${shards}`;
  const status: Block[] =
    verdict.status === "VALID"
      ? sentence("VALID", "strong")
      : [
          ...sentence("INVALID: the percentiles below are not to be trusted", "hot"),
          ...verdict.reasons.flatMap(({ code, message }) => sentence(`${code}: ${message}`)),
        ];
  return [
    [...sentence(`${what}${shaped}`), ...status],
    [
      ...sentence(headline(result), "strong"),
      ...failedInWords(result).flatMap((words) => sentence(words, "hot")),
      ...sentence(leadInWords(result)),
    ],
    [shardBars(result, columns)],
    sentence(overallInWords(result), "strong"),
    [
      fewSamplesInWords(result),
      skewInWords(result),
      factorsInWords(skew.causes),
      blastRadiusInWords(result),
      ...factsInWords(result),
      `Audit: ${auditInWords(result)}`,
      history && `Histories: ${historyInWords(history)}`,
    ].flatMap((words) => sentence(words)),
    history === null ? [] : historyEvidence(history),
    given.length === 0
      ? []
      : [
          ...sentence(thresholdsInWords(result), "strong"),
          ...given.flatMap(({ status: kept, message, threshold }) =>
            sentence(`${THRESHOLD_MARKS[kept]}  ${threshold}: ${message}`, kept === "failed" ? "hot" : undefined),
          ),
        ],
    sentence(`Again: ${run.command}`),
  ];
}

function skewInWords(result: Result): string | null {
  if (knowsNoShares(result)) return null;
  const { maxOverMean, noiseFloor, effectiveShards } = result.skew;
  const floor = `chance alone ${times(noiseFloor.mean)}, at most ${times(noiseFloor.p99)}`;
  const used = `effective shards ${effectiveShards.toFixed(1)} of ${result.shards.length}`;
  return `Max/mean ${times(maxOverMean)} (${floor}); ${used}.`;
}

function factorsInWords(causes: Result["skew"]["causes"]): string | null {
  if (causes === null) return null;
  const factors = causesIn(causes).map(({ name, label }) => `${label.toLowerCase()} ${causes[name].factor.toFixed(2)}`);
  return `Skew = ${factors.join(" × ")}.`;
}
