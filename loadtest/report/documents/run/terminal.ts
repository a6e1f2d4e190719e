import type { Result } from "../../../analysis/result/result.ts";
import { times } from "../../../stats/format.ts";
import { failuresInWords, outagesInWords, recoveryInWords } from "../../words/failures.ts";
import { fewSamplesInWords } from "../../words/few-samples.ts";
import {
  aimInWords,
  auditInWords,
  blastRadiusInWords,
  causesIn,
  forecastInWords,
  headline,
  HEADROOM_UNKNOWN,
  headroomInWords,
  knowsNoShares,
  leadInWords,
  readsInWords,
  THRESHOLD_MARKS,
  thresholdsInWords,
  trendsInWords,
} from "../../words/run.ts";
import { closedInWords, overallInWords } from "../../words/traffic.ts";
import { sentence, type Block } from "../model.ts";
import { shardBars } from "./shards.ts";

/** The result in a screen of text, for a person at a terminal. @param columns of the screen */
export function runScreen(result: Result, columns: number): Block[][] {
  const { run, server, skew, verdict, thresholds: given = [] } = result;
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
  const failed = [failuresInWords(result), ...outagesInWords(result), recoveryInWords(result)];
  return [
    [...sentence(`${what}${shaped}`), ...status],
    [
      ...sentence(headline(result), "strong"),
      ...failed.flatMap((words) => sentence(words, "hot")),
      ...sentence(leadInWords(result)),
    ],
    [shardBars(result, columns)],
    sentence(overallInWords(result), "strong"),
    [
      fewSamplesInWords(result),
      forecastInWords(result),
      skewInWords(result),
      closedInWords(result),
      aimInWords(result),
      factorsInWords(skew.causes),
      blastRadiusInWords(result),
      headroomInWords(result) ?? (knowsNoShares(result) ? null : HEADROOM_UNKNOWN),
      readsInWords(result),
      trendsInWords(result),
      `Audit: ${auditInWords(result)}`,
    ].flatMap((words) => sentence(words)),
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
