import { Counter, Trend } from "k6/metrics";
import type { Phase } from "../../../traffic/text.ts";
import { COUNTERS, TRENDS, type CounterName } from "../../../measurement/metric-names.ts";

/** k6 allows metrics to be made in the init context only: when this module is loaded. */
export const counters: Record<CounterName, Counter> = mapObject(COUNTERS, (name) => new Counter(name));
export const trends: Record<keyof typeof TRENDS, Trend> = mapObject(TRENDS, (name) => new Trend(name, true));

/** Shared objects: k6 takes a third of the time for a sample when it has seen the object before. */
const tagsByKey = new Map<string, Record<string, string>>();

/** Tags of a shard's samples: the phase, and whether the dialog is one that the story makes hot. */
export function shardTags(phase: Phase, label: string, hot: boolean): Record<string, string> {
  const key = `${label}${phase}${hot ? "!" : ""}`;
  let tags = tagsByKey.get(key);
  if (tags === undefined) {
    tags = { phase, shard: label, hot: String(hot) };
    tagsByKey.set(key, tags);
  }
  return tags;
}

export const PHASE_TAGS: Record<Phase, Record<string, string>> = {
  warmup: { phase: "warmup" },
  measure: { phase: "measure" },
};

function mapObject<K extends string, V>(names: Readonly<Record<K, string>>, make: (name: string) => V): Record<K, V> {
  const made: Partial<Record<K, V>> = {};
  for (const key in names) made[key] = make(names[key]);
  return made as Record<K, V>;
}
