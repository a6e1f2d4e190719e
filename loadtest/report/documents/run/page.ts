import type { Slice } from "../../../measurement/measurement.ts";
import { moment } from "../../../stats/format.ts";
import { page } from "../../render/page.ts";
import type { Result } from "../../../analysis/result/result.ts";
import { failures, windows } from "./failures.ts";
import { blastRadius, latency } from "./latency.ts";
import { opening } from "./opening.ts";
import { advice, headroom, whatIf } from "./remedies.ts";
import { causes, hotDialogs, overTime } from "./skew.ts";
import { thresholds } from "./thresholds.ts";
import { again, audit, generator } from "./trust.ts";
import { headline } from "../../words/run.ts";

/**
 * The report as one HTML file: no script, no request to anywhere, light and dark, on paper and on a phone. The same
 * input gives the same bytes.
 *
 * @param counts messages per dialog, heaviest first; empty when nobody kept them
 */
export function htmlReport(result: Result, slices: readonly Slice[], counts: readonly number[] = []): string {
  const body = [
    opening(result),
    failures(result, slices),
    windows(result),
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
  return page({
    title: `${result.run.scenario}: ${headline(result)}`,
    className: result.verdict.status === "VALID" ? "valid" : "invalid",
    body,
    footer: `hotshard ${result.hotshard} · run ${result.run.id} · ${moment(result.run.startedAt)}`,
  });
}
