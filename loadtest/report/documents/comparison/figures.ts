import type { Change, Comparison } from "../../../analysis/result/comparison.ts";
import { chance, unbroken } from "../../../stats/format.ts";
import {
  changeOf,
  figureInWords,
  intervalInWords,
  metricInWords,
  placeInWords,
  toldOf,
} from "../../words/comparison.ts";
import { table, text, type Cell, type Column, type Table } from "../model.ts";

const PLACE: Column<Change> = { ...text(""), cell: (one) => placeInWords(one) };
const METRIC: Column<Change> = { ...text(""), cell: ({ metric }) => metricInWords(metric) };
const A: Column<Change> = { name: "A", width: 8, cell: ({ metric, a }) => figureInWords(metric, a) };
const B: Column<Change> = { name: "B", width: 9, cell: ({ metric, b }) => figureInWords(metric, b) };
const CHANGE: Column<Change> = { name: "change", width: 10, cell: (one) => changeOf(one, one.change) };
const INTERVAL: Column<Change> = { name: "interval", cell: (one) => intervalInWords(one) };

const isWorse = ({ outcome }: Change): boolean => outcome === "worse";
const OUTCOME: Column<Change> = {
  ...text(""),
  cell: (one): Cell => ({ text: one.outcome, look: isWorse(one) ? "hot" : "", isStrong: isWorse(one) }),
};

/** Figures of a comparison, each with its change; those that are told stand out. */
export function figuresOf(comparison: Comparison, rows: readonly Change[] = comparison.changes): Table {
  const told = new Set(toldOf(comparison));
  return table<Change>({
    caption: "Figures of A and B with the change and its simultaneous interval",
    columns: [
      { ...PLACE, cell: (one) => unbroken(placeInWords(one)) },
      METRIC,
      A,
      B,
      CHANGE,
      { ...INTERVAL, cell: (one) => unbroken(intervalInWords(one)) },
      { name: "p", cell: ({ adjusted }) => unbroken(chance(adjusted)) },
      OUTCOME,
    ],
    rows,
    isMarked: (one) => told.has(one),
  });
}

/** The same, for a terminal. */
export function fewFigures(rows: readonly Change[]): Table {
  const widest = (least: number, inWords: (one: Change) => string): number =>
    Math.max(least, ...rows.map((one) => inWords(one).length)) + 1;
  return table<Change>({
    caption: "",
    columns: [
      { ...PLACE, width: widest(10, placeInWords) },
      { ...METRIC, width: widest(12, ({ metric }) => metricInWords(metric)) },
      A,
      B,
      CHANGE,
      // Two spaces keep it from the figure before it.
      { ...OUTCOME, width: 10, cell: ({ outcome }) => `  ${outcome}` },
      { ...INTERVAL, isText: true, width: 0 },
    ],
    rows,
    isMarked: isWorse,
  });
}
