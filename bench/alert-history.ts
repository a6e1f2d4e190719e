/** An alert that fired, as Prometheus recorded it at its evaluations. Times are Unix seconds. */
export interface Firing {
  readonly alert: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly first: number;
  readonly last: number;
}

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [time: number, value: string])[];
}

/** What a Prometheus recorded, read after the event: nothing is missed between two looks. */
export interface AlertHistory {
  /** Alerts that fired within `[from, to]`, by their first evaluation. */
  firings(from: number, to: number): Promise<Firing[]>;
  /** Whether any of these alerts fires now. */
  fires(alerts: readonly string[]): Promise<boolean>;
  /** Time of the first scrape after `from` that saw a message more than the one before it, or null. */
  firstMessage(from: number, to: number): Promise<number | null>;
}

/** @param prometheus address: `http://127.0.0.1:9090` */
export function alertHistory(prometheus: string): AlertHistory {
  async function ask(query: string, time: number): Promise<readonly Series[]> {
    const body = new URLSearchParams({ query, time: String(time) });
    const response = await fetch(`${prometheus}/api/v1/query`, { method: "POST", body });
    const answer = (await response.json()) as { status: string; error?: string; data: { result: Series[] } };
    if (answer.status !== "success") throw new Error(`${prometheus}: ${answer.error ?? "no answer"}`);
    return answer.data.result;
  }

  /** The samples themselves, not what a query makes of them. */
  function samples(selector: string, from: number, to: number): Promise<readonly Series[]> {
    return ask(`${selector}[${Math.ceil(to - from)}s]`, to);
  }

  return {
    async firings(from, to) {
      const series = await samples('ALERTS{alertstate="firing"}', from, to);
      const all = series.map(({ metric, values }) => {
        const { alertname = "", __name__: _, alertstate: __, ...labels } = metric;
        return { alert: alertname, labels, first: values[0]![0], last: values.at(-1)![0] };
      });
      return all.sort((a, b) => a.first - b.first);
    },
    async fires(alerts) {
      const now = Date.now() / 1_000;
      return (await ask(`ALERTS{alertstate="firing", alertname=~"${alerts.join("|")}"}`, now)).length > 0;
    },
    async firstMessage(from, to) {
      const series = await samples('chat_messages_total{result="stored"}', from, to);
      const rises = series.flatMap(({ values }) => {
        const rise = values.find(([, value], index) => index > 0 && Number(value) > Number(values[index - 1]![1]));
        return rise === undefined ? [] : [rise[0]];
      });
      return rises.length === 0 ? null : Math.min(...rises);
    },
  };
}
