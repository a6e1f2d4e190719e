import { ANOMALY_KINDS } from "../../analysis/history/anomaly.ts";
import type { HistoryCheck } from "../../analysis/result/history-schema.ts";
import { count, plural } from "../../stats/format.ts";

/** `2 lost, 1 stale`; empty: no anomaly. */
export function anomaliesInWords(check: HistoryCheck): string {
  return ANOMALY_KINDS.flatMap((kind) => (check[kind] === 0 ? [] : [`${count(check[kind])} ${kind}`])).join(", ");
}

/** What the history checker says, with what it says it of. */
export function historyInWords(check: HistoryCheck): string {
  const found = anomaliesInWords(check);
  const of =
    `in ${plural(check.operations, "operation")} on ${plural(check.messages, "message")} of ` +
    `${plural(check.dialogs, "dialog")}, with ${plural(check.pages, "page")} of history`;
  const verdict = found === "" ? `No anomaly ${of}.` : `Anomalies, by message: ${found} (${of}).`;
  return [verdict, unreadInWords(check), twinsInWords(check)].filter((words) => words !== "").join(" ");
}

function unreadInWords({ dialogs, unread }: HistoryCheck): string {
  if (unread === 0) return "";
  return `${count(unread)} of ${plural(dialogs, "dialog")} could not be read to the end: what is lost there is not known.`;
}

function twinsInWords({ twins }: HistoryCheck): string {
  if (twins === 0) return "";
  const what = twins === 1 ? "moved to a later id, as it may" : "moved to later ids, as they may";
  return `${plural(twins, "unacknowledged message")} ${what} when a shard dies.`;
}
