import { trendsInWords } from "../../words/facts.ts";
import { failuresInWords, hasTooManyErrors } from "../../words/failures.ts";
import { anomaliesInWords, historyInWords } from "../../words/history.ts";
import { percent } from "../../../stats/format.ts";
import type { Result } from "../../../analysis/result/result.ts";
import { auditInWords, headline, verdictInWords } from "../../words/run.ts";
import { rateInWords } from "../../words/traffic.ts";
import type { Case, Suite } from "../model.ts";

/** Passes when the count is 0. */
const none = (name: string, n: number, what: string): Case => ({
  name,
  failure: n === 0 ? null : `${n} messages were ${what}`,
});

function cases(result: Result): Case[] {
  const { verdict, audit } = result;
  const reasons = verdict.reasons.map(({ code, message }) => `${code}: ${message}`).join("\n");
  return [
    {
      name: "verdict: the run is valid",
      failure: verdict.status === "VALID" ? null : reasons || verdictInWords(result),
    },
    {
      name: "audit: what was acknowledged is stored",
      failure: audit.match === false ? auditInWords(result) : null,
      ...(audit.match === null && { skipped: auditInWords(result) }),
    },
    ...memoryCase(result),
    errorsCase(result),
    none(
      "audit: nothing is undelivered",
      audit.undelivered,
      "acknowledged and never received by a reader who was connected",
    ),
    none("audit: nothing is lost", audit.lost, "acknowledged and not stored"),
    none("audit: nothing is shown twice", audit.duplicated, "received twice by a reader"),
    none("audit: nothing is out of order", audit.reordered, "received after a later message"),
    ...historyCase(result),
    ...(result.thresholds ?? []).map(({ threshold, status, message }): Case => {
      const name = `threshold: ${threshold}`;
      if (status === "not-judged") return { name, failure: null, skipped: message };
      return { name, failure: status === "failed" ? `${threshold} missed: ${message}` : null };
    }),
  ];
}

/** Refused, unanswered and not connected messages against `--max-errors`. */
function errorsCase(result: Result): Case {
  const { maxErrors = 1 } = result.run;
  const name = maxErrors >= 1 ? "errors: any share may fail" : `errors: at most ${percent(maxErrors, 2)} fail`;
  return { name, failure: hasTooManyErrors(result) ? failuresInWords(result) : null };
}

/** Of a run with an operation log alone. */
function historyCase({ audit: { history } }: Result): Case[] {
  if (history === undefined) return [];
  const failure = anomaliesInWords(history) === "" ? null : historyInWords(history);
  return [{ name: "audit: histories have no anomaly", failure }];
}

/** In a soak alone: memory that keeps growing fails the run. */
function memoryCase(result: Result): Case[] {
  const memory = result.trends?.memoryBytes ?? null;
  if (memory === null) return [];
  const failure = memory.grows ? trendsInWords(result) : null;
  return [{ name: "soak: the server's memory does not keep growing", failure }];
}

/** Verdict, audit and thresholds as test cases, for CI servers. */
export const runSuite = (result: Result): Suite => ({
  name: `hotshard.${result.run.scenario}`,
  startedAt: result.run.startedAt,
  seconds: result.run.durationS,
  properties: { headline: headline(result), rate: rateInWords(result), command: result.run.command },
  cases: cases(result),
});
