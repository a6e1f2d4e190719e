import type { Result } from "../../../analysis/result/result.ts";
import type { Slice } from "../../../measurement/measurement.ts";
import { moment, plural, unbroken } from "../../../stats/format.ts";
import { failuresInWords, recoveryInWords } from "../../words/failures.ts";
import {
  aimInWords,
  forecastInWords,
  headline,
  headroomInWords,
  leadInWords,
  readsInWords,
  trendsInWords,
  verdictInWords,
} from "../../words/run.ts";
import { closedInWords, rateInWords, trafficInWords } from "../../words/traffic.ts";
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
      ...sentence(failuresInWords(result), "lead"),
      ...sentence(recoveryInWords(result), "lead"),
      ...sentence(leadInWords(result), "lead"),
      ...[closedInWords, forecastInWords, aimInWords, headroomInWords, readsInWords, trendsInWords].flatMap((inWords) =>
        sentence(inWords(result), "lead soft"),
      ),
    ],
    opening: opening(result),
    parts: runParts(result, slices, counts),
    footer: `hotshard ${result.hotshard} · run ${run.id} · ${moment(run.startedAt)}`,
  };
}
