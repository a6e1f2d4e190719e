import { numberText, type Family } from "./page.ts";

/** Pages of one server over time, in bounded memory. */
export interface Recording {
  /** Pages that are kept. */
  readonly pages: number;
  /** How many times the half of the pages was left out: the rest is 2^thinned times as far apart. */
  readonly thinned: number;
  /** @param at epoch milliseconds, later than those before */
  add(at: number, page: readonly Family[]): void;
  /** Everything in OpenMetrics' text format with timestamps, metric by metric, each series by itself. */
  lines(): Generator<string>;
}

/** Values that are kept: about 65 MB of text, and 4 MB of it compressed. */
const MOST_VALUES = 500_000;

interface FamilyRecord {
  readonly about: readonly string[];
  /** By name and labels; values stand at their page's place, null where the page had none. */
  readonly series: Map<string, { readonly name: string; readonly labels: string; values: (number | null)[] }>;
}

const everySecond = <T>(pages: readonly T[]): T[] => pages.filter((_, page) => page % 2 === 0);

/**
 * @param labels of every series besides its own: what a Prometheus that scrapes would add
 * @param most values that are kept; beyond it every second page is left out
 */
export function createRecording(labels: Readonly<Record<string, string>>, most = MOST_VALUES): Recording {
  const families = new Map<string, FamilyRecord>();
  const ours = Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(",");
  let times: number[] = [];
  let values = 0;
  let thinned = 0;

  function thin(): void {
    thinned += 1;
    values = 0;
    times = everySecond(times);
    for (const { series } of families.values()) {
      for (const one of series.values()) {
        one.values = everySecond(one.values);
        values += one.values.length;
      }
    }
  }

  return {
    get pages() {
      return times.length;
    },
    get thinned() {
      return thinned;
    },
    add(at, page) {
      for (const { about, name, samples } of page) {
        const family = families.get(name) ?? { about, series: new Map() };
        families.set(name, family);
        for (const sample of samples) {
          const key = `${sample.name}{${sample.labels}`;
          const one = family.series.get(key) ?? { name: sample.name, labels: sample.labels, values: [] };
          family.series.set(key, one);
          const before = one.values.length;
          while (one.values.length < times.length) one.values.push(null);
          one.values.push(sample.value);
          values += one.values.length - before;
        }
      }
      times.push(at);
      // The first two pages stay, however large they are.
      if (values > most && times.length > 2) thin();
    },
    *lines() {
      for (const { about, series } of families.values()) {
        yield `${about.join("\n")}\n`;
        for (const one of series.values()) {
          const own = one.labels === "" ? ours : `${ours},${one.labels}`;
          const rows = one.values.flatMap((value, page) =>
            value === null ? [] : [`${one.name}{${own}} ${numberText(value)} ${times[page]! / 1000}\n`],
          );
          yield rows.join("");
        }
      }
      yield "# EOF\n";
    },
  };
}
