import { logLinesOf } from "./log-lines.ts";
import { labelsOf, queriesOf, substitute } from "./queries.ts";

export interface CheckOptions {
  /** Address of a Prometheus: `http://127.0.0.1:9090` */
  readonly prometheus: string;
  /** Address of a Loki, `http://127.0.0.1:3100`; without it LogQL is left out. */
  readonly loki?: string;
  /** Folder of dashboards as classic JSON. */
  readonly dashboards: string;
  /** How far back, seconds; logs at least five minutes. Default 300. */
  readonly rangeS?: number;
  /** For `$__rate_interval`. Default `1m`. */
  readonly rate?: string;
  /** Queries that match this are only parsed: their exporter is not there, or nothing has happened. */
  readonly absent?: RegExp;
}

/** What was found of one query; `fault` is null when it gave finite data with its labels. */
export interface Checked {
  readonly where: string;
  readonly expr: string;
  readonly fault: string | null;
}

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [time: number, value: string])[];
}

interface Rule {
  readonly name: string;
  readonly type: "recording" | "alerting";
  readonly query: string;
  readonly health: string;
  readonly lastError?: string;
}

/** A log line is an event, not a sample: a window of ten seconds has one at most. */
const LOG_RANGE_S = 300;

/**
 * Runs every query of every panel, and of every rule that the Prometheus has loaded, over its own data.
 *
 * A panel's query and a recording rule must give series, each of finite values and with the labels that the legend names.
 * An alert must evaluate; that it is quiet is no fault. A panel of logs must have lines.
 *
 * @throws {Error} when Prometheus or Loki does not answer
 */
export async function runQueries(options: CheckOptions): Promise<Checked[]> {
  const { prometheus, loki, dashboards, rangeS = 300, rate = "1m", absent } = options;
  const end = Date.now() / 1_000;
  const step = Math.max(1, Math.round(rangeS / 60));

  async function check(where: string, expr: string, legend: string): Promise<Checked> {
    const isAbsent = absent?.test(expr) === true;
    const answer = isAbsent
      ? await ask(prometheus, "format_query", { query: expr })
      : await ask(prometheus, "query_range", { query: expr, start: end - rangeS, end, step });
    if ("fault" in answer || isAbsent) return { where, expr, fault: "fault" in answer ? answer.fault : null };
    return { where, expr, fault: faultOf((answer.data as { result: Series[] }).result, labelsOf(legend)) };
  }

  const checked: Checked[] = [];
  for (const { where, language, expr, legend } of queriesOf(dashboards)) {
    const asked = substitute(expr, rate, `${rangeS}s`);
    if (language === "promql") checked.push(await check(where, asked, legend));
    else if (loki !== undefined)
      checked.push({
        where,
        expr: asked,
        fault: await faultOfLogs(loki, asked, Math.max(rangeS, LOG_RANGE_S), absent),
      });
  }
  for (const { name, type, query, health, lastError } of await rulesOf(prometheus)) {
    const where = `rule ${name}`;
    if (health !== "ok") checked.push({ where, expr: query, fault: `it is ${health}: ${lastError ?? ""}` });
    else if (type === "recording") checked.push(await check(where, query, ""));
    else checked.push({ where, expr: query, fault: null });
  }
  return checked;
}

async function faultOfLogs(loki: string, expr: string, rangeS: number, absent?: RegExp): Promise<string | null> {
  const answer = await logLinesOf(loki, expr, rangeS);
  if ("fault" in answer) return answer.fault;
  return answer.lines.length === 0 && absent?.test(expr) !== true ? "no lines" : null;
}

/** @returns null when all is well */
function faultOf(result: readonly Series[], labels: readonly string[]): string | null {
  if (result.length === 0) return "no data";
  for (const { metric, values } of result) {
    const missing = labels.find((label) => (metric[label] ?? "") === "");
    if (missing !== undefined) return `the legend names ${missing}, but a series has ${JSON.stringify(metric)}`;
    const odd = values.find(([, value]) => !Number.isFinite(Number(value)));
    if (odd !== undefined) return `${odd[1]} at ${odd[0]} in ${JSON.stringify(metric)}`;
  }
  return null;
}

async function rulesOf(prometheus: string): Promise<Rule[]> {
  const answer = await ask(prometheus, "rules", {});
  if ("fault" in answer) throw new Error(answer.fault);
  return (answer.data as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);
}

async function ask(
  prometheus: string,
  path: string,
  query: Readonly<Record<string, string | number>>,
): Promise<{ readonly data: unknown } | { readonly fault: string }> {
  const body = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
  const url = `${prometheus}/api/v1/${path}`;
  const response = await (path === "rules" ? fetch(url) : fetch(url, { method: "POST", body }));
  const answer = (await response.json()) as { status: string; data?: unknown; error?: string };
  return answer.status === "success" ? { data: answer.data } : { fault: answer.error ?? `HTTP ${response.status}` };
}
