import { auditFaults } from "../../analysis/audit/audit.ts";
import { NOT_CONNECTED } from "../../measurement/failed-messages.ts";
import { count, percent, plural, seconds } from "../../stats/format.ts";
import type { Result } from "../../analysis/result/result.ts";

/** Codes that a sentence lists. */
const LISTED = 3;
/** Of the failures: what has so many of them is named alone, and from so many on `mostly` is true. */
const NEARLY_ALL = 0.9;
const MOST = 0.5;
/** Shards that a headline names. */
const NAMED = 3;

/** Messages that were due, were not acknowledged, and are not the generator's fault. */
export const failedCount = ({ traffic }: Result): number => traffic.refused + traffic.unknown + traffic.notConnected;

/** Whether more messages failed than the run allows (`--max-errors`). */
export const hasTooManyErrors = ({ run, traffic }: Result): boolean => traffic.failedShare > (run.maxErrors ?? 1);

/** Whether nothing but perhaps the skew asks for something: failures, audit, thresholds, limits, verdict. */
export function isAllWell(result: Result): boolean {
  const { audit, headroom, outages, thresholds = [], trends, verdict } = result;
  const isSaturated = (headroom?.growthToLimit ?? 0) < 0 || trends?.memoryBytes?.grows === true;
  const isFailed = hasTooManyErrors(result) || outages.length > 0 || auditFaults(audit).length > 0;
  return (
    verdict.status === "VALID" && !isFailed && !isSaturated && thresholds.every(({ status }) => status !== "failed")
  );
}

/** `8.1 %`; a share that would round to nothing keeps its digits. */
const share = (value: number): string => percent(value, value >= 0.001 ? 1 : 3);

/** `4.1 s`, `0.5 s`: to a tenth of a second, which is what moments of single messages can tell. */
const lengthOf = ({ fromS, untilS }: { readonly fromS: number; readonly untilS: number }): string =>
  seconds(Number(Math.max(0.1, untilS - fromS).toFixed(1)));

/** The time in which every shard was out, if that is at least half of the longest outage; null: some answered. */
function nobodyAnswered({ outages, shards }: Result, longest: number): Stretch | null {
  const all = shards.map(({ label }) => outages.filter(({ shard }) => shard === label).toSorted(byLength)[0]);
  if (all.length < 2 || all.some((outage) => outage === undefined)) return null;
  const fromS = Math.max(...all.map((outage) => outage!.fromS));
  const untilS = Math.min(...all.map((outage) => outage!.untilS));
  return untilS - fromS >= MOST * longest ? { fromS, untilS } : null;
}

type Stretch = Pick<Result["outages"][number], "fromS" | "untilS">;

const byLength = (a: Stretch, b: Stretch): number => b.untilS - b.fromS - (a.untilS - a.fromS);

/** `Shard 02 did not answer for 4.1 s: 8.1 % of the messages failed.` Null without an outage. */
export function outageHeadline(result: Result): string | null {
  const [longest] = result.outages.toSorted(byLength);
  if (longest === undefined) return null;
  const failed = `${share(result.traffic.failedShare)} of the messages failed.`;
  const together = nobodyAnswered(result, longest.untilS - longest.fromS);
  if (together !== null) return `No shard answered for ${lengthOf(together)}: ${failed}`;
  const labels = [...new Set(result.outages.map(({ shard }) => shard))];
  const who =
    labels.length > NAMED
      ? `${labels.length} shards`
      : `${labels.length === 1 ? "Shard" : "Shards"} ${labels.join(", ")}`;
  const often = result.outages.length > 1 ? "up to " : "";
  return `${who} did not answer for ${often}${lengthOf(longest)}: ${failed}`;
}

/** `27.3 % of the messages failed: OVERLOADED on shard 01.` Null while no more failed than the run allows. */
export function failureHeadline(result: Result): string | null {
  if (!hasTooManyErrors(result)) return null;
  const why = mainFailure(result);
  return `${share(result.traffic.failedShare)} of the messages failed${why === null ? "" : `: ${why}`}.`;
}

/**
 * `OVERLOADED on shard 01`, `mostly NO_ANSWER on 4 shards`, `NOT_CONNECTED`. Null where codes are not known by shard.
 */
function mainFailure(result: Result): string | null {
  const byCode = Map.groupBy(result.failures, ({ code }) => code);
  const sums = [...byCode].map(([code, rows]) => ({
    code,
    rows,
    count: rows.reduce((sum, row) => sum + row.count, 0),
  }));
  const [most] = sums.toSorted((a, b) => b.count - a.count);
  if (most === undefined) return null;
  const part = most.count / failedCount(result);
  const how = part >= NEARLY_ALL ? "" : part >= MOST ? "mostly " : "most often ";
  // It was never sent: the connection was missing, not a shard.
  return `${how}${most.code}${most.code === NOT_CONNECTED ? "" : ` on ${whereOf(most.rows, most.count)}`}`;
}

/** The fewest shards that have nearly all of these. */
function whereOf(rows: Result["failures"], all: number): string {
  const labels: string[] = [];
  let sum = 0;
  for (const { shard, count: n } of rows.toSorted((a, b) => b.count - a.count)) {
    if (sum >= NEARLY_ALL * all) break;
    labels.push(shard);
    sum += n;
  }
  if (labels.length > NAMED) return plural(labels.length, "shard");
  return `${labels.length === 1 ? "shard" : "shards"} ${labels.join(", ")}`;
}

/** `shard 01 OVERLOADED 4,512, shard 02 OVERLOADED 12`; by code alone where shards are not known. */
function rowsInWords({ failures, traffic }: Result, most: number): string {
  // What was never sent for want of a connection is no shard's doing.
  const unsent = traffic.notConnected > 0 ? [`${NOT_CONNECTED} ${count(traffic.notConnected)}`] : [];
  const byShard = failures.filter(({ code }) => code !== NOT_CONNECTED);
  const rows = [
    ...unsent,
    ...(failures.length > 0
      ? byShard.map((row) => `shard ${row.shard} ${row.code} ${count(row.count)}`)
      : Object.entries(traffic.errors ?? {}).map(([code, n]) => `${code} ${count(n)}`)),
  ];
  const more = rows.length - most;
  return [...rows.slice(0, most), ...(more > 0 ? [`${count(more)} more`] : [])].join(", ");
}

/**
 * `4,512 of 16,000 messages (28.2 %) failed: shard 01 OVERLOADED 4,512; at most 0.1 % may. …` Null when all were
 * acknowledged.
 */
export function failuresInWords(result: Result): string | null {
  const { run, skew, traffic } = result;
  const failed = failedCount(result);
  if (failed === 0) return null;
  const rows = rowsInWords(result, LISTED);
  const due = plural(traffic.sent + traffic.notConnected, "message");
  const limit = run.maxErrors === undefined || run.maxErrors >= 1 ? "" : `; at most ${share(run.maxErrors)} may`;
  const basis =
    skew.of === "stored"
      ? "Shares are those of the rest."
      : "Shares, skew and advice count them; latencies are of those that arrived.";
  return (
    `${count(failed)} of ${due} (${share(traffic.failedShare)}) ` +
    `failed${rows === "" ? "" : `: ${rows}`}${limit}. ${basis}`
  );
}

/** What failed, sentence by sentence: messages, outages, the recovery. */
export const failedInWords = (result: Result): string[] =>
  [failuresInWords(result), ...outagesInWords(result), recoveryInWords(result)].filter((words) => words !== null);

/** `Shard 02 from 8.0 s to 12.1 s (410 messages)`, one sentence for each outage. */
function outagesInWords({ outages }: Result): string[] {
  return outages.map(
    ({ shard, fromS, untilS, messages, reason }) =>
      `Shard ${shard} answered nothing from ${fromS.toFixed(1)} s to ${untilS.toFixed(1)} s: ` +
      `${plural(messages, "message")} without an answer${reason === undefined ? "" : `; its database: ${reason}`}.`,
  );
}

/** `Recovered 6.0 s after the fault began.` Null when the run was no rehearsal. */
function recoveryInWords({ windows, recoveryS }: Result): string | null {
  if (windows.length < 2 || recoveryS === undefined) return null;
  if (recoveryS === null) return "It was not seen to recover: the run ended before the server was as good as before.";
  return recoveryS === 0
    ? "The server was as good as before during the whole fault."
    : `As good as before ${seconds(recoveryS)} after the fault began.`;
}
