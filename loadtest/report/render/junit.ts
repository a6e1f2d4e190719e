import { escapeXml } from "../../stats/escape.ts";
import type { Case, Suite } from "../documents/model.ts";

/** The XML that CI servers read (the Ant JUnit format). */
export function junit({ name, startedAt, seconds, properties, cases }: Suite): string {
  const failures = cases.filter(({ failure }) => failure !== null).length;
  const skipped = cases.filter((one) => one.skipped !== undefined).length;
  const known = Object.entries(properties).flatMap(([key, value]) =>
    value === null ? [] : [`      <property name="${key}" value="${escapeXml(value)}"/>`],
  );
  const figures = `tests="${cases.length}" failures="${failures}" errors="0" skipped="${skipped}" time="${seconds}"`;
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${figures}>\n` +
    `  <testsuite name="${escapeXml(name)}" timestamp="${escapeXml(startedAt)}" ${figures}>\n` +
    `    <properties>\n${known.join("\n")}\n    </properties>\n` +
    `${cases.map((one) => caseXml(one, name)).join("\n")}\n  </testsuite>\n</testsuites>\n`
  );
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
