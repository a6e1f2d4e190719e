import type { Result } from "../../../analysis/result/result.ts";
import type { Slice } from "../../../measurement/measurement.ts";
import { count, milliseconds, percent, perSecond, unbroken } from "../../../stats/format.ts";
import { failureStrip } from "../../pictures/heat-strip.ts";
import { failedCount } from "../../words/failures.ts";
import { section, table, text, type Block, type Column } from "../model.ts";

type Failure = Result["failures"][number];
type Window = Result["windows"][number];

/** What failed, where and when: before any figure of what went well. */
export function failures(result: Result, slices: readonly Slice[]): Block[] {
  if (failedCount(result) === 0) return [];
  const { traffic } = result;
  const due = traffic.sent + traffic.notConnected;
  const when = table<Failure>({
    caption: `${count(failedCount(result))} messages by shard and code`,
    columns: [
      { name: "Shard", cell: ({ shard }) => shard },
      { ...text("Code"), cell: ({ code }) => code },
      { name: "Messages", cell: ({ count: n }) => count(n) },
      { name: "Of all", cell: ({ count: n }) => percent(n / due, 2) },
      { name: "First due", cell: ({ fromS }) => unbroken(`${fromS.toFixed(1)} s`) },
      { name: "Last due", cell: ({ untilS }) => unbroken(`${untilS.toFixed(1)} s`) },
    ],
    rows: result.failures,
  });
  const caption = "Failed messages per second, by the shard where they belong and when they were due.";
  return [
    section(
      "failures",
      "What failed",
      { kind: "picture", picture: failureStrip(result, slices), caption },
      ...(result.failures.length === 0 ? [] : [when]),
    ),
  ];
}

const delivery = (q: "p50" | "p95" | "p99"): Column<Window> => ({
  name: `${q}, ms`,
  group: "Delivery",
  cell: ({ deliveryMs }) => milliseconds(deliveryMs?.[q] ?? 0),
});

/** Before, during and after a rehearsed fault. */
export function windows(result: Result): Block[] {
  if (result.windows.length === 0) return [];
  return [
    section(
      "windows",
      "Before, during, after",
      table<Window>({
        caption: "The windows that the scenario declares; its server is judged in none of them",
        columns: [
          { name: "Window", cell: ({ name }) => name },
          { name: "From", cell: ({ fromS }) => unbroken(`${fromS} s`) },
          { name: "To", cell: ({ untilS }) => unbroken(`${untilS} s`) },
          { name: "Failed", cell: ({ failed }) => count(failed) },
          { name: "Acknowledged", cell: ({ acked }) => count(acked) },
          { name: "Rate", cell: ({ ratePerS }) => perSecond(ratePerS) },
          ...(["p50", "p95", "p99"] as const).map(delivery),
        ],
        rows: result.windows,
      }),
    ),
  ];
}
