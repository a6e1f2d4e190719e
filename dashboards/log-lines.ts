interface Stream {
  readonly values: readonly (readonly [timeNs: string, line: string])[];
}

const MOST_LINES = 1_000;

/**
 * Lines that a LogQL query gives of the last seconds, at most 1,000.
 *
 * @param loki address: `http://127.0.0.1:3100`
 * @returns the lines, or Loki's words about the query
 * @throws {Error} when Loki does not answer
 */
export async function logLinesOf(
  loki: string,
  query: string,
  rangeS: number,
): Promise<{ readonly lines: readonly string[] } | { readonly fault: string }> {
  const now = Date.now() / 1_000;
  const range = { start: nanos(now - rangeS), end: nanos(now), limit: String(MOST_LINES) };
  const response = await fetch(
    `${loki}/loki/api/v1/query_range?${new URLSearchParams({ query, ...range }).toString()}`,
  );
  // What it has against a query is plain text.
  if (!response.ok) return { fault: (await response.text()).trim() };
  const { data } = (await response.json()) as { data: { result: readonly Stream[] } };
  return { lines: data.result.flatMap(({ values }) => values.map(([, line]) => line)) };
}

function nanos(seconds: number): string {
  return `${Math.round(seconds * 1_000)}000000`;
}
