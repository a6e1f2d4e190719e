import type { Slice } from "../drivers/contract.ts";
import { escapeXml } from "./escape.ts";
import { moment } from "./format.ts";
import type { Result } from "./result.ts";
import { blastRadius, latency } from "./sections/latency.ts";
import { opening } from "./sections/opening.ts";
import { advice, headroom, whatIf } from "./sections/remedies.ts";
import { causes, hotDialogs, overTime } from "./sections/skew.ts";
import { thresholds } from "./sections/thresholds.ts";
import { again, audit, generator } from "./sections/trust.ts";
import { STYLE } from "./style.ts";
import { headline } from "./words.ts";

/** The page may load nothing, whatever a dialog is called. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/**
 * The report as one HTML file: no script, no request to anywhere, light and dark, on paper and on a phone. The same
 * input gives the same bytes.
 *
 * @param counts messages per dialog, heaviest first; empty when nobody kept them
 */
export function htmlReport(result: Result, slices: readonly Slice[], counts: readonly number[] = []): string {
  const body = [
    opening(result),
    thresholds(result),
    overTime(result, slices),
    causes(result),
    hotDialogs(result, counts),
    latency(result),
    blastRadius(result),
    headroom(result),
    advice(result),
    whatIf(result),
    audit(result),
    generator(result),
    again(result),
  ].join("\n");
  const title = `${result.run.scenario}: ${headline(result)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${escapeXml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main class="${result.verdict.status === "VALID" ? "valid" : "invalid"}">
${body}
<footer>hotshard ${escapeXml(result.hotshard)} · run ${escapeXml(result.run.id)} · ${escapeXml(moment(result.run.startedAt))}</footer>
</main>
</body>
</html>
`;
}
