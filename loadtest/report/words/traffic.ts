import { count, duration, percent, plural, seconds } from "../../stats/format.ts";
import type { Result } from "../../analysis/result/result.ts";
import { rateInWords as perSecondInWords } from "../../traffic/arrivals/values.ts";
import { askedAndMade } from "../../traffic/asked.ts";

/** `16,640 messages in 17 s`, for the line above everything. */
export function trafficInWords({ run, traffic }: Result): string {
  const messages = plural(traffic.acked, "message");
  if (run.interrupted) return `${messages}, interrupted`;
  return `${messages} in ${seconds(run.durationS + Number(run.dials["warmupS"] ?? 0))}`;
}

/** Why the run did not go on to its end; null: it did. */
export function stopHeadline({ run: { stopped } }: Result): string | null {
  if (stopped === undefined) return null;
  const { atS, ofS, thresholds, why } = stopped;
  const when = `Stopped after ${seconds(Number(atS.toFixed(1)))} of ${seconds(ofS)}`;
  if (why === "lost") return `${when}: ${thresholds.join(", ")} was lost, whatever the rest.`;
  return `${when}: ${thresholds.join(", ")} ${thresholds.length === 1 ? "is" : "are"} known well enough.`;
}

/**
 * `asked 500/s, made 500/s`, beside it; before it how messages came, where it is not just that. Null in results of
 * early versions, which did not say.
 */
export function rateInWords({ run, traffic: { asked, arrivals, made } }: Result): string | null {
  if (made === undefined) return null;
  const gaps = arrivals?.gaps === "even" && arrivals.open ? ", even gaps" : "";
  const course = arrivals !== undefined && (arrivals.changes || gaps !== "") ? `${arrivals.words}${gaps}: ` : "";
  if (asked === undefined) return arrivals === undefined ? null : `${course}made ${perSecondInWords(made.rate)}`;
  // Only the whole schedule holds just so many: of a part of it, chance has a say.
  const isPart = run.stopped !== undefined;
  const isAverage = isPart || arrivals?.changes === true || isOther(asked.rate, run.dials["rate"]);
  return `${course}${askedAndMade(asked.rate, made.rate, isAverage)}`;
}

/**
 * `Overall: asked 500/s, made 500/s; delivery p50 2.10 ms, p95 8.02 ms, p99 12.4 ms; no errors; 1,099 to recipients off
 * line.` Errors are messages that were refused, had no answer, or could not be sent for want of a connection.
 */
export function overallInWords(result: Result): string {
  const { latencyMs, traffic, verdict } = result;
  const { p50, p95 = 0, p99 } = latencyMs.delivery;
  const times = `delivery p50 ${duration(p50)}, p95 ${duration(p95)}, p99 ${duration(p99)}`;
  const doubt = verdict.status === "VALID" ? "" : " (not to be trusted)";
  const failed = traffic.refused + traffic.unknown + traffic.notConnected;
  const errors = failed === 0 ? "no errors" : `${plural(failed, "error")} (${percent(traffic.failedShare, 2)})`;
  const rate = [rateInWords(result) ?? []].flat().map((words) => `${words}; `);
  return `Overall: ${rate.join("")}${times}${doubt}; ${errors}; ${count(traffic.offline)} to recipients off line.`;
}

/** Of a story with a pace of its own `rate` is not the average. */
function isOther(asked: number, rate: string | number | undefined): boolean {
  return rate !== undefined && perSecondInWords(Number(rate)) !== perSecondInWords(asked);
}

/** What the latencies of a closed model leave out; null of an open one. */
export function closedInWords({ traffic: { arrivals, made } }: Result): string | null {
  if (arrivals === undefined || arrivals.open) return null;
  const instead = made === undefined ? "an open one" : `an open one, --rate ${Math.max(1, Math.round(made.rate))}`;
  return (
    "A closed model: when the server is slow, users write less, and the messages that others would have sent " +
    `meanwhile are in no latency here (coordinated omission). To see what waits in line, take ${instead}.`
  );
}
