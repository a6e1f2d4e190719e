import type { Result } from "../../../analysis/result/result.ts";
import type { Slice } from "../../../measurement/measurement.ts";
import { count, milliseconds, percent, perSecond, unbroken } from "../../../stats/format.ts";
import { failureStrip } from "../../pictures/heat-strip.ts";
import { failedCount, failuresInWords, outagesInWords, recoveryInWords } from "../../words/failures.ts";
import { onPage, section, sentence, table, text, type Block, type Column } from "../model.ts";

type Failure = Result["failures"][number];
type Window = Result["windows"][number];

const FROM_TO: Column<{ readonly fromS: number; readonly untilS: number }> = {
  name: "When",
  only: "markdown",
  cell: ({ fromS, untilS }) => `${fromS} s to ${untilS} s`,
};

/** What failed, where and when: before any figure of what went well. */
export function failures(result: Result, slices: readonly Slice[]): Block[] {
  const words = failuresInWords(result);
  if (words === null) return [];
  const { traffic } = result;
  const due = traffic.sent + traffic.notConnected;
  const when = table<Failure>({
    caption: `${count(failedCount(result))} messages by shard and code`,
    columns: [
      { name: "Shard", cell: ({ shard }) => shard },
      { ...text("Code"), cell: ({ code }) => code },
      { name: "Messages", cell: ({ count: n }) => count(n) },
      { name: "Of all", only: "page", cell: ({ count: n }) => percent(n / due, 2) },
      { name: "First", only: "page", cell: ({ fromS }) => unbroken(`${fromS.toFixed(1)} s`) },
      { name: "Last", only: "page", cell: ({ untilS }) => unbroken(`${untilS.toFixed(1)} s`) },
      {
        name: "When due",
        only: "markdown",
        cell: ({ fromS, untilS }) => `${fromS.toFixed(1)} s to ${untilS.toFixed(1)} s`,
      },
    ],
    rows: result.failures,
  });
  const caption = "Failed messages per second, by the shard where they belong and when they were due.";
  return [
    section(
      "failures",
      "What failed",
      onPage(...sentence(words), ...outagesInWords(result).flatMap((one) => sentence(one)), {
        kind: "picture",
        picture: failureStrip(result, slices),
        caption,
      }),
      ...(result.failures.length === 0 ? [] : [when]),
    ),
  ];
}

const time = (name: string, q: "p50" | "p95" | "p99"): Column<Window> => ({
  name: { page: `${q}, ms`, markdown: name },
  cell: ({ deliveryMs }) => milliseconds(deliveryMs?.[q] ?? 0),
});

/** Before, during and after a rehearsed fault. */
export function windows(result: Result): Block[] {
  if (result.windows.length === 0) return [];
  return [
    section(
      "windows",
      "Before, during, after",
      onPage(...sentence(recoveryInWords(result))),
      table<Window>({
        caption: "The windows that the scenario declares; its server is judged in none of them",
        columns: [
          { name: "Window", cell: ({ name }) => name },
          { name: "From", only: "page", cell: ({ fromS }) => unbroken(`${fromS} s`) },
          { name: "To", only: "page", cell: ({ untilS }) => unbroken(`${untilS} s`) },
          FROM_TO,
          { name: "Failed", cell: ({ failed }) => count(failed) },
          { name: "Acknowledged", cell: ({ acked }) => count(acked) },
          { name: "Rate", only: "page", cell: ({ ratePerS }) => perSecond(ratePerS) },
          time("Delivery p50, ms", "p50"),
          time("p95, ms", "p95"),
          time("p99, ms", "p99"),
        ],
        rows: result.windows,
      }),
    ),
  ];
}
