/** A metric of a page, with its series. */
export interface Family {
  readonly name: string;
  /** Its lines of HELP, TYPE and UNIT. */
  readonly about: readonly string[];
  readonly samples: readonly PageSample[];
}

export interface PageSample {
  /** With the family's suffix: `…_bucket`, `…_total`. */
  readonly name: string;
  /** As they stand between the braces; empty: none. */
  readonly labels: string;
  readonly value: number;
}

const ABOUT = /^# (?:HELP|TYPE|UNIT) (\S+)/u;
/** A label's value may hold anything, also braces, blanks and escaped quotes. */
const SAMPLE = /^([a-z_:][\w:]*)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})? (NaN|[+-]?(?:Inf|\d[\d.e+-]*))(?= |$)/iu;
const WORDS: Readonly<Record<string, number>> = { "+Inf": Infinity, "-Inf": -Infinity, NaN };

/**
 * Reads a page in OpenMetrics' text format. Exemplars are left out, and lines that are none of it.
 * https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export function readPage(text: string): Family[] {
  const families: { readonly name: string; readonly about: string[]; readonly samples: PageSample[] }[] = [];
  for (const line of text.split("\n")) {
    const name = ABOUT.exec(line)?.[1];
    if (name !== undefined) {
      if (families.at(-1)?.name !== name) families.push({ name, about: [], samples: [] });
      families.at(-1)!.about.push(line);
      continue;
    }
    const [, series, labels = "", value] = SAMPLE.exec(line) ?? [];
    if (series === undefined || value === undefined) continue;
    families.at(-1)?.samples.push({ name: series, labels, value: WORDS[value] ?? Number(value) });
  }
  return families;
}

/** A number as OpenMetrics writes it. */
export function numberText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  return Number.isFinite(value) ? String(value) : value > 0 ? "+Inf" : "-Inf";
}
