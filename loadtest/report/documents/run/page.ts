import type { Result } from "../../../analysis/result/result.ts";
import type { Slice } from "../../../measurement/measurement.ts";
import { moment, plural, unbroken } from "../../../stats/format.ts";
import { factsInWords } from "../../words/facts.ts";
import { failedInWords } from "../../words/failures.ts";
import { headline, leadInWords, verdictInWords } from "../../words/run.ts";
import { rateInWords, trafficInWords } from "../../words/traffic.ts";
import { sentence, type Page } from "../model.ts";
import { opening } from "./figures.ts";
import { runParts } from "./parts.ts";

/** @param counts messages per dialog, heaviest first; empty when nobody kept them */
export function runPage(result: Result, slices: readonly Slice[], counts: readonly number[] = []): Page {
  const { run, server, verdict } = result;
  const where = [
    `${run.driver} driver`,
    `${plural(server.shards, "shard")}, ${server.placement}`,
    trafficInWords(result),
    rateInWords(result),
    unbroken(moment(run.startedAt)),
    server.shaped === null ? null : `shaped: ${server.shaped}`,
  ];
  return {
    title: `${run.scenario}: ${headline(result)}`,
    isValid: verdict.status === "VALID",
    names: ["hotshard", run.scenario],
    where: where.filter((words) => words !== null),
    verdict: { status: verdict.status, words: verdictInWords(result) },
    reasons: verdict.reasons.map(({ code, message }) => ({ name: code, text: message })),
    headline: headline(result),
    lead: [
      ...[...failedInWords(result), leadInWords(result)].flatMap((words) => sentence(words, "lead")),
      ...factsInWords(result).flatMap((words) => sentence(words, "lead soft")),
    ],
    opening: opening(result),
    parts: runParts(result, slices, counts),
    footer: `hotshard ${result.hotshard} · run ${run.id} · ${moment(run.startedAt)}`,
  };
}
