import { escapeXml } from "../../../stats/escape.ts";
import { failuresInWords, hasTooManyErrors } from "../../words/failures.ts";
import { percent } from "../../../stats/format.ts";
import type { Result } from "../../../analysis/result/result.ts";
import { auditInWords, headline, trendsInWords, verdictInWords } from "../../words/run.ts";
import { rateInWords } from "../../words/traffic.ts";

interface Case {
  readonly name: string;
  /** Null when it passed. */
  readonly failure: string | null;
  readonly skipped?: string;
}

/** Passes when the count is 0. */
const none = (name: string, n: number, what: string): Case => ({
  name,
  failure: n === 0 ? null : `${n} messages were ${what}`,
});

function cases(result: Result): Case[] {
  const { verdict, audit } = result;
  const reasons = verdict.reasons.map(({ code, message }) => `${code}: ${message}`).join("\n");
  const matches: Case =
    audit.match === null
      ? { name: "audit: what was acknowledged is stored", failure: null, skipped: auditInWords(result) }
      : { name: "audit: what was acknowledged is stored", failure: audit.match ? null : auditInWords(result) };
  return [
    {
      name: "verdict: the run is valid",
      failure: verdict.status === "VALID" ? null : reasons || verdictInWords(result),
    },
    matches,
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

/** In a soak alone: memory that keeps growing fails the run. */
function memoryCase(result: Result): Case[] {
  const memory = result.trends?.memoryBytes ?? null;
  if (memory === null) return [];
  const failure = memory.grows ? trendsInWords(result) : null;
  return [{ name: "soak: the server's memory does not keep growing", failure }];
}

function caseXml({ name, failure, skipped }: Case, suite: string): string {
  const open = `    <testcase classname="${escapeXml(suite)}" name="${escapeXml(name)}"`;
  if (failure !== null) {
    const [first = ""] = failure.split("\n");
    return `${open}>\n      <failure message="${escapeXml(first)}">${escapeXml(failure)}</failure>\n    </testcase>`;
  }
  return skipped === undefined
    ? `${open}/>`
    : `${open}>\n      <skipped message="${escapeXml(skipped)}"/>\n    </testcase>`;
}

/** Verdict, audit and thresholds as test cases, in the XML that CI servers read (the Ant JUnit format). */
export function junitReport(result: Result): string {
  const suite = `hotshard.${result.run.scenario}`;
  const all = cases(result);
  const failures = all.filter(({ failure }) => failure !== null).length;
  const skipped = all.filter((test) => test.skipped !== undefined).length;
  const properties = [
    ["headline", headline(result)],
    ["rate", rateInWords(result)],
    ["command", result.run.command],
  ].flatMap(([name, value]) =>
    typeof value === "string" ? [`      <property name="${name}" value="${escapeXml(value)}"/>`] : [],
  );
  const counts = `tests="${all.length}" failures="${failures}" errors="0" skipped="${skipped}"`;
  const figures = `${counts} time="${result.run.durationS}"`;
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${figures}>\n` +
    `  <testsuite name="${escapeXml(suite)}" timestamp="${escapeXml(result.run.startedAt)}" ${figures}>\n` +
    `    <properties>\n${properties.join("\n")}\n    </properties>\n` +
    `${all.map((test) => caseXml(test, suite)).join("\n")}\n  </testsuite>\n</testsuites>\n`
  );
}
