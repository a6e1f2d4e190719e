import type { Result } from "../../../analysis/result/result.ts";
import { count, percent, times } from "../../../stats/format.ts";
import { blastBars } from "../../pictures/blast-bars.ts";
import { writerLoad } from "../../pictures/writer-load.ts";
import { rangeInWords } from "../../words/what-if.ts";
import { blastRadiusInWords, headroomInWords, knowsNoShares } from "../../words/run.ts";
import { onPage, section, sentence, table, type Block, type Cell, type Item, type Table } from "../model.ts";
import { judged } from "./shards.ts";

/** What dialogs that are not hot pay for their neighbour. */
export function blastRadius(result: Result): Block[] {
  const words = blastRadiusInWords(result);
  if (words === null) return [];
  const picture: Block = { kind: "picture", picture: blastBars(result) };
  return [onPage(section("blast", "Blast radius", ...judged(result, ...sentence(words), picture)))];
}

/** How far the traffic can grow. */
export function headroom(result: Result): Block[] {
  const words = headroomInWords(result);
  if (words === null) return [];
  const { shaped } = result.server;
  const whose = `Shards are shaped (${shaped}): these limits are the shape's, not a database's.`;
  const caption = "Messages sent to each shard, of what its writer can take.";
  return [
    onPage(
      section("headroom", "Headroom", ...sentence(shaped === null ? words : `${words} ${whose}`), {
        kind: "picture",
        picture: writerLoad(result),
        caption,
      }),
    ),
  ];
}

const NAMES = {
  none: "Leave the placement",
  pin: "Pin",
  split: "Split",
  "add-shard": "Add a shard",
  "change-placement": "Change placement",
};

/** What to do, with what it is expected to give. */
export function advice(result: Result): Block[] {
  if (knowsNoShares(result)) return [];
  const { maxOverMean, segments } = result.skew;
  const now = `${segments === undefined ? "now" : "in this run"} ${times(maxOverMean)}`;
  return [section("advice", "What would fix it", adviceList(result.advice, now))];
}

/** @param now max/mean today, behind the forecast */
export function adviceList(all: Result["advice"], now: string): Block {
  const items = all.map(({ action, text, forecast }): Item => ({
    name: NAMES[action],
    text,
    note: `Forecast max/mean ${times(forecast.maxOverMean)}, ${now}.`,
  }));
  return { kind: "list", look: "advice", items };
}

function tint(maxOverMean: number): NonNullable<Cell["look"]> {
  if (maxOverMean <= 1.1) return "";
  if (maxOverMean <= 1.25) return "tint-1";
  if (maxOverMean <= 2) return "tint-2";
  return maxOverMean <= 4 ? "tint-3" : "tint-4";
}

/** Every placement on 2 … 64 shards for the dialogs just seen. */
export function whatIf(result: Result): Block[] {
  const { rows, dialogs } = result.whatIf;
  if (rows.length === 0) return [];
  const byTime = result.skew.distinctPairs === undefined ? "" : ", by time bucket where the placement goes by time";
  const words = `The ${count(dialogs)} dialogs of this run, placed again without pins and splits${byTime}.`;
  return [
    section(
      "what-if",
      "What if",
      ...sentence(`${words} No placement divides one hot dialog: more shards then only raise max/mean.`),
      ...sentence(rangeInWords(rows, result.shards.length)),
      whatIfTable(rows, result.server.placement),
    ),
  ];
}

/** Placements by numbers of shards. @param today placement whose row stands out */
export function whatIfTable(rows: Result["whatIf"]["rows"], today: string): Table {
  const sizes = [...new Set(rows.map(({ shards }) => shards))].sort((a, b) => a - b);
  return table<string>({
    caption: "Max/mean by placement and number of shards, with the share of dialogs that would move",
    columns: [
      { name: "Placement", cell: (placement) => ({ text: placement, breaks: true }) },
      ...sizes.map((size) => ({
        name: String(size),
        cell: (placement: string): Cell => {
          const row = rows.find((candidate) => candidate.placement === placement && candidate.shards === size);
          if (row === undefined) return { text: "–" };
          const { maxOverMean, movedFromToday } = row;
          return { text: maxOverMean.toFixed(2), under: percent(movedFromToday, 0), look: tint(maxOverMean) };
        },
      })),
    ],
    rows: [...new Set(rows.map(({ placement }) => placement))],
    isMarked: (placement) => placement === today,
    className: "what-if",
  });
}
