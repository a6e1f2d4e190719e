import type { Slice } from "../../../measurement/measurement.ts";
import { failedCount, failuresInWords, outagesInWords, recoveryInWords } from "../../words/failures.ts";
import { count, countOrNone, milliseconds, percent, perSecond, unbroken } from "../../../stats/format.ts";
import { failureStrip } from "../../pictures/heat-strip.ts";
import type { Result } from "../../../analysis/result/result.ts";
import { figure, paragraph, section } from "../../render/section.ts";
import { table } from "../../render/table.ts";

/** What failed, where and when: before any figure of what went well. */
export function failures(result: Result, slices: readonly Slice[]): string {
  const words = failuresInWords(result);
  if (words === null) return "";
  const { traffic } = result;
  const due = traffic.sent + traffic.notConnected;
  return section(
    "failures",
    "What failed",
    paragraph(words) +
      outagesInWords(result)
        .map((sentence) => paragraph(sentence))
        .join("") +
      figure(
        failureStrip(result, slices),
        "Failed messages per second, by the shard where they belong and when they were due.",
      ) +
      (result.failures.length === 0
        ? ""
        : table({
            caption: `${count(failedCount(result))} messages by shard and code`,
            head: ["Shard", "Code", "Messages", "Of all", "First", "Last"],
            words: new Set([1]),
            rows: result.failures.map(({ shard, code, count: n, fromS, untilS }) => [
              shard,
              code,
              count(n),
              percent(n / due, 2),
              unbroken(`${fromS.toFixed(1)} s`),
              unbroken(`${untilS.toFixed(1)} s`),
            ]),
          })),
  );
}

/** Before, during and after a rehearsed fault. */
export function windows(result: Result): string {
  if (result.windows.length === 0) return "";
  const recovery = recoveryInWords(result);
  return section(
    "windows",
    "Before, during, after",
    (recovery === null ? "" : paragraph(recovery)) +
      table({
        caption: "The windows that the scenario declares; its server is judged in none of them",
        head: ["Window", "From", "To", "Failed", "Acknowledged", "Rate", "p50, ms", "p95, ms", "p99, ms"],
        rows: result.windows.map(({ name, fromS, untilS, failed, acked, ratePerS, deliveryMs: d }) => [
          name,
          unbroken(`${fromS} s`),
          unbroken(`${untilS} s`),
          count(failed),
          count(acked),
          perSecond(ratePerS),
          ...[d?.p50, d?.p95, d?.p99].map((value) => milliseconds(value ?? 0)),
        ]),
      }),
  );
}

/** Offered beside acknowledged and stored, shard by shard. */
export function messagesByShard(result: Result): string {
  return table({
    caption: "Messages. Offered: they belong there and were due, whatever became of them; stored: rows in the database",
    head: ["Shard", "Offered", "Share", "Acknowledged", "Failed", "Stored", "Recipient off line"],
    rows: result.shards.map(({ label, offered, share, acked, stored, offline }) => [
      label,
      count(offered),
      percent(share),
      count(acked),
      offered > acked ? { html: count(offered - acked), className: "hot" } : "0",
      countOrNone(stored),
      countOrNone(offline),
    ]),
  });
}
