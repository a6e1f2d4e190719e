import { Registry } from "prom-client";
import { BUCKET_LABELS, bucketOf, createKeyHash } from "./key-space.ts";
import { METRICS, type MetricName } from "./metric-names.ts";

export type Labels = Readonly<Record<string, string | number>>;

/** One event that stands for the others of its sample; at most 128 characters of names and values (OpenMetrics 1.0). */
export interface Exemplar {
  readonly labelSet: Labels;
  readonly value: number;
  /** Epoch seconds. */
  readonly timestamp: number;
}

/** One series as a scrape shows it. */
export interface Sample {
  /** With its suffix, where it differs from the metric's own name. */
  readonly metricName?: string;
  /** Always the same object: prom-client lays it out once and remembers that, which is most of a page's cost. */
  readonly sharedLabels: Labels;
  value: number;
  exemplar?: Exemplar;
}

/** Exemplars are in OpenMetrics only; dialogs are named for those who may know them, else by their hash. */
export type PageFormat = "text" | "openmetrics" | "openmetrics with dialogs";

/** Everything that is scraped. */
export interface Exposition {
  /** @param read is called at every scrape; it may return the same objects with other values */
  add(name: MetricName, read: () => readonly Sample[]): void;
  contentType(format: PageFormat): string;
  page(format: PageFormat): Promise<string>;
}

/** The only use of prom-client: it lays out both formats. Exemplars are in the OpenMetrics format only. */
export function createExposition(): Exposition {
  const openmetrics = new Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>();
  openmetrics.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  const registries = { text: new Registry(), openmetrics };
  const hashOf = createKeyHash();

  function register(format: keyof typeof registries, name: MetricName, read: () => readonly Sample[]): void {
    const { help, type } = METRICS[name];
    // A counter's family has no suffix in OpenMetrics; prom-client appends it to each of its samples.
    const family = format === "openmetrics" && type === "counter" ? name.replace(/_total$/, "") : name;
    const get = () => ({ name: family, help, type, aggregator: "sum", values: read() });
    const metric: unknown = { name: family, help, type, aggregator: "sum", get, reset: () => undefined };
    registries[format].registerMetric(metric as Parameters<Registry["registerMetric"]>[0]);
  }

  return {
    add(name, read) {
      register("text", name, read);
      register("openmetrics", name, read);
    },
    contentType: (format) => registries[format === "text" ? "text" : "openmetrics"].contentType,
    async page(format) {
      if (format === "text") return registries.text.metrics();
      const page = await registries.openmetrics.metrics();
      return format === "openmetrics" ? hideDialogs(page, (dialog) => BUCKET_LABELS[bucketOf(hashOf(dialog))]!) : page;
    },
  };
}

/** A dialog's id names the two people who talk. */
function hideDialogs(page: string, bucketOf: (dialog: string) => string): string {
  return page.replaceAll(/ # \{dialog="([^"]*)"/g, (_, dialog: string) => ` # {bucket="${bucketOf(dialog)}"`);
}
