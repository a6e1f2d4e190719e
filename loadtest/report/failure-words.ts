import { count, percent, plural, seconds } from "./format.ts";
import type { Result } from "./result.ts";

/** Codes that a sentence lists. */
const LISTED = 3;
/** Of the failures, before a headline says "mostly". */
const NEARLY_ALL = 0.9;
/** Shards that a headline names. */
const NAMED = 3;

/** Messages that were due, were not acknowledged, and are not the generator's fault. */
export const failedCount = ({ traffic }: Result): number => traffic.refused + traffic.unknown + traffic.notConnected;

/** Whether more messages failed than the run allows (`--max-errors`). */
export const hasTooManyErrors = ({ run, traffic }: Result): boolean => traffic.failedShare > (run.maxErrors ?? 1);

/** `8.1 %`; a share that would round to nothing keeps its digits. */
const share = (value: number): string => percent(value, value >= 0.001 ? 1 : 3);

/** `4.1 s`, `0.5 s`: to a tenth of a second, which is what moments of single messages can tell. */
const lengthOf = ({ fromS, untilS }: { readonly fromS: number; readonly untilS: number }): string =>
  seconds(Number(Math.max(0.1, untilS - fromS).toFixed(1)));

/** `Shard 02 did not answer for 4.1 s: 8.1 % of the messages failed.` Null without an outage. */
export function outageHeadline(result: Result): string | null {
  const [first] = result.outages;
  if (first === undefined) return null;
  const labels = [...new Set(result.outages.map(({ shard }) => shard))];
  const longest = result.outages.reduce((most, one) =>
    one.untilS - one.fromS > most.untilS - most.fromS ? one : most,
  );
  const who =
    labels.length === result.shards.length && labels.length > 1
      ? "No shard answered"
      : labels.length > NAMED
        ? `${labels.length} shards did not answer`
        : `${labels.length === 1 ? "Shard" : "Shards"} ${labels.join(", ")} did not answer`;
  const often = result.outages.length > 1 ? "up to " : "";
  return `${who} for ${often}${lengthOf(longest)}: ${share(result.traffic.failedShare)} of the messages failed.`;
}

/** `27.3 % of the messages failed: OVERLOADED on shard 01.` Null while no more failed than the run allows. */
export function failureHeadline(result: Result): string | null {
  if (!hasTooManyErrors(result)) return null;
  const [most] = result.failures;
  const nearlyAll = (most?.count ?? 0) >= NEARLY_ALL * failedCount(result) ? "" : "mostly ";
  const why = most === undefined ? "" : `: ${nearlyAll}${most.code} on shard ${most.shard}`;
  return `${share(result.traffic.failedShare)} of the messages failed${why}.`;
}

/** `shard 01 OVERLOADED 4,512, shard 02 OVERLOADED 12`; by code alone where shards are not known. */
function rowsInWords({ failures, traffic }: Result, most: number): string {
  const rows =
    failures.length > 0
      ? failures.map((row) => `shard ${row.shard} ${row.code} ${count(row.count)}`)
      : Object.entries(traffic.errors ?? {}).map(([code, n]) => `${code} ${count(n)}`);
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
  return `${count(failed)} of ${due} (${share(traffic.failedShare)}) failed${rows === "" ? "" : `: ${rows}`}${limit}. ${basis}`;
}

/** `Shard 02 from 8.0 s to 12.1 s (410 messages)`, one sentence for each outage. */
export function outagesInWords({ outages }: Result): string[] {
  return outages.map(
    ({ shard, fromS, untilS, messages, reason }) =>
      `Shard ${shard} answered nothing from ${fromS.toFixed(1)} s to ${untilS.toFixed(1)} s: ${plural(messages, "message")} without an answer${reason === undefined ? "" : `; its database: ${reason}`}.`,
  );
}

/** `Recovered 6.0 s after the fault began.` Null when the run was no rehearsal. */
export function recoveryInWords({ windows, recoveryS }: Result): string | null {
  if (windows.length < 2 || recoveryS === undefined) return null;
  if (recoveryS === null) return "It was not seen to recover: the run ended before the server was as good as before.";
  return recoveryS === 0
    ? "The server was as good as before during the whole fault."
    : `As good as before ${seconds(recoveryS)} after the fault began.`;
}
