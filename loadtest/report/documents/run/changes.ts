import type { Result } from "../../../analysis/result/result.ts";
import type { Slice } from "../../../measurement/measurement.ts";
import { count, percent, unbroken } from "../../../stats/format.ts";
import { timeLine } from "../../pictures/time-line.ts";
import { changeInWords, stallsInWords } from "../../words/changes.ts";
import { section, sentence, table, text, type Block, type Column } from "../model.ts";

type Change = NonNullable<Result["changes"]>[number];
type Epoch = NonNullable<Result["epochs"]>[number];

const at = (seconds: number): string => unbroken(`${seconds.toFixed(1)} s`);
const share = (value: number | undefined): string => (value === undefined ? "" : percent(value));

const TO: Column<Change> = { name: "To", cell: ({ untilS }) => (untilS === undefined ? "" : at(untilS)) };
const FORECAST: Column<Change> = {
  name: "Forecast",
  group: "Dialogs",
  cell: ({ keys }) => share(keys?.forecast),
};

/** The shards that changed while the run went on: what happened, what it did, and the audit by epoch. */
export function changes(result: Result, slices: readonly Slice[]): Block[] {
  const { changes: rows = [], epochs = [] } = result;
  if (rows.length === 0) return [];
  const caption =
    "Acknowledged messages a second, and p99 of delivery. Lines are the changes in the table below; the band is the second window.";
  return [
    section(
      "changes",
      "The shards change",
      { kind: "picture", picture: timeLine(result, slices), caption },
      table<Change>({
        caption: "Changes of the shards, and the share of the dialogs whose new messages go elsewhere by it",
        columns: [
          { name: "Change", cell: (_, index) => String(index + 1) },
          { name: "At", cell: ({ atS }) => at(atS) },
          ...(rows.some(({ untilS }) => untilS !== undefined) ? [TO] : []),
          { ...text("What"), cell: (row) => changeInWords(row) },
          { name: "Epoch", cell: ({ epoch }) => (epoch === undefined ? "" : count(epoch)) },
          { name: "Moved", group: "Dialogs", cell: ({ keys }) => share(keys?.moved) },
          { name: "Ideal", group: "Dialogs", cell: ({ keys }) => share(keys?.ideal) },
          ...(rows.some(({ keys }) => keys?.forecast !== undefined) ? [FORECAST] : []),
        ],
        rows,
      }),
      ...sentence(stallsInWords(result)),
      ...(epochs.length === 0
        ? []
        : [
            byEpoch(
              result.shards.map(({ label }) => label),
              epochs,
            ),
          ]),
    ),
  ];
}

/** A rebalance makes one of the segments before it, and brings messages to other shards than have acknowledged them. */
function byEpoch(labels: readonly string[], epochs: readonly Epoch[]): Block {
  const ofShard = (label: string) => ({
    name: label,
    group: "Acknowledged by → stored on shard",
    cell({ shards }: Epoch) {
      const { acked = 0, stored = 0 } = shards.find(({ shard }) => shard === label) ?? {};
      return acked === stored ? count(stored) : `${count(acked)}\u00a0→\u00a0${count(stored)}`;
    },
  });
  return table<Epoch>({
    caption: "Audit by segment of the topology that is left after the run",
    columns: [
      { name: "Since", cell: ({ sinceS }) => (sinceS === undefined ? "before" : at(sinceS)) },
      { name: "Acknowledged", cell: ({ acked }) => count(acked) },
      {
        name: "Stored",
        cell: ({ acked, stored }) => ({ text: count(stored), look: acked === stored ? "" : "hot" }),
      },
      ...labels.map(ofShard),
    ],
    rows: epochs,
  });
}
