/** A series as Prometheus gave it, with its legend; times are Unix seconds. */
export interface DrawnSeries {
  readonly name: string;
  readonly points: readonly (readonly [time: number, value: number])[];
}

/** The part of time that is drawn, Unix seconds. */
export interface TimeRange {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly values: readonly (readonly [time: number, value: string])[];
    }[];
  };
}

/**
 * Runs a panel's query over a range.
 *
 * @param legend names the series as Grafana does: `shard {{shard}}`
 * @throws {Error} with Prometheus' words when it refuses the query
 */
export async function seriesOf(
  prometheus: string,
  expr: string,
  legend: string,
  { start, end, step }: TimeRange,
): Promise<DrawnSeries[]> {
  const body = new URLSearchParams({ query: expr, start: String(start), end: String(end), step: String(step) });
  const response = await fetch(`${prometheus}/api/v1/query_range`, { method: "POST", body });
  const answer = (await response.json()) as Answer;
  if (answer.status !== "success") throw new Error(`${expr}: ${answer.error ?? response.status}`);
  const series = answer.data.result.map(({ metric, values }) => ({
    name: legend.replaceAll(/\{\{\s*(\w+)\s*\}\}/gu, (_, label: string) => metric[label] ?? ""),
    points: values.map(([time, value]) => [time, Number(value)] as const),
  }));
  return series.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
}
