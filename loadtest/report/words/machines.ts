import type { Machine } from "../../analysis/result/machine-schema.ts";
import { bytesInWords, machineInWords } from "./machine.ts";
import type { Comparison } from "../../analysis/result/comparison.ts";

export type Difference = Comparison["differs"][number];

type Row = readonly [name: string, a: string, b: string];

/** Rows of which the second and the third are not the same. */
export const differing = (rows: readonly Row[]): Difference[] =>
  rows.flatMap(([name, a, b]) => (a === b ? [] : [{ name, a, b }]));

const UNKNOWN = "not known";

const limit = (value: number | undefined, words: (value: number) => string): string =>
  value === undefined ? "none" : words(value);

/** Facts of two machines that are not the same, as people read them; none when neither is known. */
export function machinesOf(a: Machine | undefined, b: Machine | undefined): Difference[] {
  if (a === undefined || b === undefined) {
    const words = (machine: Machine | undefined) => (machine === undefined ? UNKNOWN : machineInWords(machine));
    return differing([["machine", words(a), words(b)]]);
  }
  return differing([
    ["processor", a.cpu, b.cpu],
    ["cores", String(a.cores), String(b.cores)],
    ["memory", bytesInWords(a.memory), bytesInWords(b.memory)],
    ["kernel", a.kernel, b.kernel],
    ["limit of cores", limit(a.limits?.cores, String), limit(b.limits?.cores, String)],
    ["limit of memory", limit(a.limits?.memory, bytesInWords), limit(b.limits?.memory, bytesInWords)],
  ]);
}

/** Versions of what ran on two machines; none when either is not known. */
export function versionRows(a: Machine | undefined, b: Machine | undefined): Row[] {
  if (a === undefined || b === undefined) return [];
  return [
    ["Node", a.node, b.node],
    ["k6", a.k6 ?? "none", b.k6 ?? "none"],
    ["commit", a.commit ?? "none", b.commit ?? "none"],
  ];
}

/** `A and B ran on different machines: cores 4 → 8.`; null when they did not, or it is not known. */
export function machinesInWords({ machines }: Pick<Comparison, "machines">): string | null {
  if (machines.length === 0) return null;
  const may = machines.some(({ a, b }) => [a, b].includes(UNKNOWN));
  const facts = machines.map(({ name, a, b }) => `${name} ${a} → ${b}`).join("; ");
  return `A and B ${may ? "may have run" : "ran"} on different machines: ${facts}.`;
}
