import { ConfigError } from "../../../server/config-error.ts";
import { nearestName } from "../../stats/nearest-name.ts";
import { METRIC_NAMES, METRICS, metricsInWords, type MetricName } from "./threshold-metrics.ts";
import { UNITS } from "./threshold-metric.ts";

/** What `--fail-on` holds: a run fails unless it is true. */
export interface Threshold {
  /** As given, without spaces: `shard.02.delivery.p99<50ms`. */
  readonly text: string;
  readonly metric: MetricName;
  /** Label of the shard that is meant; null: the whole run. */
  readonly shard: string | null;
  readonly op: Operator;
  /** In the metric's base unit: ms, messages per second, shares 0…1, counts, ratios. */
  readonly limit: number;
}

export const OPERATORS = ["<=", ">=", "==", "<", ">"] as const;
export type Operator = (typeof OPERATORS)[number];

/** Of counts only: another figure is never exactly anything. */
const EXACT: Operator = "==";

const GRAMMAR = /^([A-Za-z][\w.-]*?)([<>=!]+)([+-]?[\d.]+(?:e[+-]?\d+)?)(\D*)$/u;

/** Whether a value keeps the threshold. */
export function holds(value: number, { op, limit }: Pick<Threshold, "op" | "limit">): boolean {
  if (op === "<") return value < limit;
  if (op === "<=") return value <= limit;
  if (op === ">") return value > limit;
  return op === ">=" ? value >= limit : value === limit;
}

/**
 * Reads thresholds: `metric operator value unit`, e.g. `delivery.p99<50ms`; several may stand in one text, with commas.
 *
 * @param option that they were given with
 * @throws {ConfigError} BAD_THRESHOLD that names everything that is wrong, the nearest metric, and all there are
 */
export function parseThresholds(texts: readonly string[], option = "--fail-on"): Threshold[] {
  const faults: string[] = [];
  const parsed = texts
    .flatMap((text) => text.split(","))
    .map((text) => text.replaceAll(/\s+/gu, ""))
    .flatMap((text) => {
      const one = text === "" ? "it is empty" : parse(text);
      if (typeof one !== "string") return [one];
      faults.push(`${option} '${text}': ${one}`);
      return [];
    });
  if (faults.length === 0) return parsed;
  const wrong = faults.join("; ");
  throw new ConfigError(
    "BAD_THRESHOLD",
    `${wrong}${wrong.endsWith("?") ? "" : "."} A threshold is metric, operator, value, unit, e.g. ` +
      `delivery.p99<50ms; operators: ${OPERATORS.join(" ")}; metrics: ${metricsInWords()}`,
  );
}

/** @returns the threshold, or what is wrong with it */
function parse(text: string): Threshold | string {
  const [, name = "", op = "", number = "", unit = ""] = GRAMMAR.exec(text) ?? [];
  if (name === "") return "it is not metric, operator, value, unit";
  const [, shard = null, base = name] = /^shard\.([^.]+)\.(.+)$/u.exec(name) ?? [];
  const metric = METRIC_NAMES.find((candidate) => candidate === base);
  if (metric === undefined)
    return `there is no metric ${base}, did you mean ${nearestName(inOurWords(base), METRIC_NAMES)}?`;
  const row = METRICS[metric];
  if (shard !== null && !row.perShard) return `${metric} is one of the whole run, not of a shard`;
  if (shard === null && row.perShard === "only") return `${metric} is one of a shard: shard.00.${metric}`;
  const operator = OPERATORS.find((candidate) => candidate === op);
  if (operator === undefined) return `there is no operator ${op}; there are ${OPERATORS.join(" ")}`;
  if (operator === EXACT && row.kind !== "count") return `== is for counts; take < or > for ${metric}`;
  const units = UNITS[row.kind];
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (factor === undefined) return `${metric} is given in ${unitsInWords(units)}, not in "${unit}"`;
  const limit = Number(number) * factor;
  if (!Number.isFinite(limit)) return `${number} is not a number`;
  return { text, metric, shard, op: operator, limit };
}

/** Other tools say latency, and mean what users wait. */
function inOurWords(name: string): string {
  return name.replace(/^(?:latenc|response|wait|duration)[a-z]*(?:\.?time)?/iu, "delivery");
}

function unitsInWords(units: Readonly<Record<string, number>>): string {
  return Object.keys(units)
    .map((unit) => (unit === "" ? "a bare number" : unit))
    .join(" or ");
}
