import { count, duration, percent, perSecond, plural, times } from "../../stats/format.ts";
import type { Result } from "../result/result.ts";
import { holds, type Threshold } from "./threshold.ts";
import type { Reading, Subject } from "./threshold-metric.ts";
import { METRICS } from "./threshold-metrics.ts";

type Row = NonNullable<Result["thresholds"]>[number];

/**
 * Judges each threshold by its value; the 95 % interval says whether another run may come out differently. Figures of
 * an INVALID run are not judged; a figure that a VALID run does not have fails, so that nothing passes for want of
 * samples.
 */
export function judgeThresholds(thresholds: readonly Threshold[], evidence: Omit<Subject, "shard">): Row[] {
  const judged = evidence.result.verdict.status === "VALID";
  return thresholds.map((threshold): Row => {
    const { metric, shard, text, op, limit } = threshold;
    const { kind, read } = METRICS[metric];
    const name = shard === null ? metric : `shard.${shard}.${metric}`;
    const common = { threshold: text, metric: name, op, limit, unit: BASE_UNITS[kind] };
    const reading = judged ? read({ ...evidence, shard }) : null;
    if (!judged || reading === null) {
      return {
        ...common,
        status: judged ? "failed" : "not-judged",
        value: null,
        low: null,
        high: null,
        samples: null,
        clear: false,
        message: judged
          ? "It was not measured: this run has no samples for it."
          : "Not judged: the run is INVALID, and its figures tell nothing of the server.",
      };
    }
    const passed = holds(reading.value, threshold);
    const clear = isClear(reading, threshold, passed);
    const status = passed ? "passed" : "failed";
    const { samples } = reading;
    const [value, low, high] = [reading.value, reading.low, reading.high].map(finite);
    return {
      ...common,
      status,
      value: value!,
      low: low!,
      high: high!,
      samples,
      clear,
      message: inWords(kind, reading, clear),
    };
  });
}

/** JSON knows no infinity: the message says that it never came. */
const finite = (value: number | null): number | null => (value === Infinity ? null : value);

type Kind = (typeof METRICS)[Threshold["metric"]]["kind"];

/** As values and limits stand in the result. */
const BASE_UNITS: Readonly<Record<Kind, string>> = { ms: "ms", ratio: "", share: "", rate: "/s", count: "" };

/** Whether the whole interval says the same as the value. An end that is not known may be anywhere. */
function isClear({ low, high }: Reading, threshold: Threshold, passed: boolean): boolean {
  if (low === null && high === null) return true;
  return [low ?? -Infinity, high ?? Infinity].every((end) => holds(end, threshold) === passed);
}

const SHOW: Readonly<Record<Kind, (value: number) => string>> = {
  ms: (value) => (value === 0 ? "0 ms" : value === Infinity ? "never" : duration(value)),
  ratio: (value) => times(value),
  share: (value) => percent(value),
  rate: perSecond,
  count,
};

function inWords(kind: Kind, { value, low, high, samples, never = 0 }: Reading, clear: boolean): string {
  const show = SHOW[kind];
  const ends = [low === null ? "?" : show(low), high === null ? "?" : show(high)].join(" to ");
  const basis = samples === null ? "" : `, ${count(samples)} samples`;
  const interval = low === null && high === null ? "" : ` (95 % interval ${ends}${basis})`;
  const doubt = clear ? "" : " The interval reaches across the limit: another run may come out differently.";
  const missing = never === 0 ? "" : ` ${plural(never, "message")} failed and count as never delivered.`;
  return `${show(value)}${interval}.${missing}${doubt}`;
}
