import { ConfigError } from "../../server/config-error.ts";

/** A metric whose spread over the values of one label is to be watched. */
export interface SkewTarget {
  readonly metric: string;
  /** Matchers with their braces, `{result="stored"}`, or the empty string. */
  readonly selector: string;
  /** The label that tells shards apart. */
  readonly by: string;
  /** PromQL with that label alone: shards for which it has a value are not among those that share the load. Or null. */
  readonly unless: string | null;
  /** A counter is read as its rate, a gauge as its mean over time. */
  readonly kind: "counter" | "gauge";
  /** Begins the names of the skew rules and, in capitals, of the alerts. */
  readonly prefix: string;
  /** Largest load over the mean from which a shard is hot, above 1. */
  readonly target: number;
  /** How long it must be hot, as Prometheus writes durations. */
  readonly hold: string;
  /** Page that an alert points to, or null. */
  readonly runbook: string | null;
}

/** What the command line gives; every value as it was typed. */
export interface SkewOptions {
  readonly metric: string;
  readonly by: string;
  readonly unless?: string | undefined;
  readonly for: string;
  readonly prefix?: string | undefined;
  readonly target: string;
  readonly hold: string;
  readonly runbook?: string | undefined;
}

const METRIC = /^([a-zA-Z_:][\w:]*)(\{[^{}\n]*\})?$/u;
/** Matchers with their braces: `{job=~"db|cache", env!="test"}`. */
const SELECTOR = /^\{(?:\s*\w+\s*(?:=~|!~|!=|=)\s*"(?:[^"\\\n]|\\.)*"\s*(?:,|(?=\})))*\s*\}$/u;
const LABEL = /^(?!__)[a-zA-Z_]\w*$/u;
const PREFIX = /^[a-zA-Z_]\w*$/u;
const DURATION = /^(?:0|[1-9]\d*)[smh]$/u;
/** Max over mean is at most the number of shards, and the rules are made for up to 64. */
const HIGHEST_TARGET = 64;

/** @throws {ConfigError} BAD_RULES, with every fault at once */
export function parseSkewTarget(options: SkewOptions): SkewTarget {
  const { by, hold } = options;
  const [, metric = "", selector = ""] = METRIC.exec(options.metric) ?? [];
  const prefix = options.prefix ?? baseName(metric);
  const target = Number(options.target);
  const faults = [
    metric === "" && `--metric ${options.metric}: write a metric's name, perhaps with matchers: name{job="db"}`,
    !LABEL.test(by) && `--by ${by}: the name of a label: letters, digits and _`,
    options.for !== "counter" && options.for !== "gauge" && `--for ${options.for}: counter or gauge`,
    !PREFIX.test(prefix) && metric !== "" && `--prefix ${prefix}: letters, digits and _`,
    selector !== "" &&
      !SELECTOR.test(selector) &&
      `--metric ${options.metric}: write matchers with double quotes: name{job="db"}`,
    !(target > 1 && target <= HIGHEST_TARGET) &&
      `--target ${options.target}: a number above 1, at most ${HIGHEST_TARGET}`,
    !DURATION.test(hold) && `--hold ${hold}: a duration such as 30s, 2m, 1h`,
    /^\s*$|\n/u.test(options.unless ?? "x") && `--unless ${options.unless}: an expression of PromQL, in one line`,
    /\s/u.test(options.runbook ?? "") && `--runbook ${options.runbook}: an address without spaces`,
  ].filter((fault) => fault !== false);
  if (faults.length > 0) throw new ConfigError("BAD_RULES", faults.join("; "));
  const kind = options.for === "gauge" ? "gauge" : "counter";
  const { runbook = null, unless = null } = options;
  return { metric, selector, by, unless, kind, prefix, target, hold, runbook };
}

/** The metric in the names of rules: without `_total` and colons. */
function baseName(metric: string): string {
  return metric.replace(/_total$/u, "").replaceAll(":", "_");
}

/** Names and expressions that rules, alerts and dashboard share. */
export interface SkewNames {
  /** The load of each shard over a window, from the raw series. */
  load(window: "1m" | "5m"): string;
  /** The rule that records it, `shard:chat_messages:rate5m`. */
  loads(window: "1m" | "5m"): string;
  /** The rule that records it over the mean of all shards. */
  overMean(window: "1m" | "5m"): string;
  /** A rule over all shards, `chat:skew_cv:rate5m`. */
  skew(what: string, window?: "1m" | "5m"): string;
  /** How many shards' worth of work all of them do: total over largest. */
  readonly effective: string;
  readonly hotAlert: string;
  readonly missingAlert: string;
}

export function namesOf({ metric, selector, by, kind, prefix, unless }: SkewTarget): SkewNames {
  const suffix = (window: string) => (kind === "counter" ? `rate${window}` : `avg${window}`);
  const reader = kind === "counter" ? "rate" : "avg_over_time";
  const base = baseName(metric);
  const others = unless === null ? "" : ` unless on (${by}) (${unless})`;
  const skew = (what: string, window = "5m") => `${prefix}:skew_${what}:${suffix(window)}`;
  return {
    load: (window) => `sum by (${by}) (${reader}(${metric}${selector}[${window}]))${others}`,
    loads: (window) => `${by}:${base}:${suffix(window)}`,
    overMean: (window) => `${by}:${base}_over_mean:${suffix(window)}`,
    skew,
    effective: skew(`effective_${by}s`),
    hotAlert: `${camel(prefix)}Hot${camel(by)}`,
    missingAlert: `${camel(prefix)}Missing${camel(by)}`,
  };
}

function camel(name: string): string {
  return name.replaceAll(/(?:^|_+)([a-zA-Z0-9]?)/gu, (_match, letter: string) => letter.toUpperCase());
}
