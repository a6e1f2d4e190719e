import { count, plural } from "../../stats/format.ts";
import type { Machine } from "../../analysis/result/machine-schema.ts";

const UNITS = [
  ["TiB", 2 ** 40],
  ["GiB", 2 ** 30],
  ["MiB", 2 ** 20],
] as const;

/**
 * `2 cores of AMD EPYC, 23.5 GiB, Linux 6.1.0; Node 26.10.0, k6 v2.2.0; commit 06a265598a1c; its container may use 512
 * MiB`.
 */
export function machineInWords({ cpu, cores, memory, kernel, node, k6, commit, limits }: Machine): string {
  const most = [
    ...(limits?.cores === undefined ? [] : [coresInWords(limits.cores)]),
    ...(limits?.memory === undefined ? [] : [bytesInWords(limits.memory)]),
  ];
  return [
    [`${coresInWords(cores)} of ${cpu}`, bytesInWords(memory), kernel].join(", "),
    [`Node ${node}`, ...(k6 === undefined ? [] : [`k6 ${k6}`])].join(", "),
    ...(commit === undefined ? [] : [`commit ${commit}`]),
    ...(most.length === 0 ? [] : [`its container may use ${most.join(" and ")}`]),
  ].join("; ");
}

/** `1 core`, `1.5 cores`. */
const coresInWords = (cores: number): string =>
  Number.isInteger(cores) ? plural(cores, "core") : `${Number(cores.toFixed(2))} cores`;

/** `23.5 GiB`, `512 MiB`. */
export function bytesInWords(value: number): string {
  const [unit, size] = UNITS.find(([, least]) => value >= least) ?? ["MiB", 2 ** 20];
  const shown = value / size;
  return `${shown < 100 ? Number(shown.toPrecision(3)) : count(shown)} ${unit}`;
}
