import { setTimeout as delay } from "node:timers/promises";

/** An alert that fired, as Prometheus recorded it at its evaluations. Times are Unix seconds. */
export interface Firing {
  readonly alert: string;
  readonly labels: Labels;
  readonly first: number;
  readonly last: number;
}

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [time: number, value: string];

interface Series {
  readonly metric: Labels;
  readonly values: readonly Sample[];
}

const POLL_MS = 200;

/** What a Prometheus recorded, read after the event: nothing is missed between two looks. */
export interface AlertHistory {
  /** Alerts that fired within `[from, to]`, by their first evaluation. */
  firings(from: number, to: number): Promise<Firing[]>;
  /** Those of these alerts that fire by the last evaluation of their rules. */
  firing(alerts: readonly string[]): Promise<Pick<Firing, "alert" | "labels">[]>;
  /**
   * Resolves when the alerts know all that had happened by then: a scrape from after it is there, the recorded rules
   * were evaluated on it, and the alerts on those. However slow a machine is, what they say then is about all of it.
   *
   * @param time Unix seconds; 0: when there is any scrape
   */
  knows(time: number): Promise<void>;
  /** Messages that the servers had stored by the last scrape. */
  stored(): Promise<number>;
  /** Time of the first scrape after `from` that saw a message more than the one before it, or null. */
  firstMessage(from: number, to: number): Promise<number | null>;
}

/** @param prometheus address: `http://127.0.0.1:9090` */
export function alertHistory(prometheus: string): AlertHistory {
  async function ask<T>(path: string, init?: RequestInit): Promise<T> {
    const response = await fetch(`${prometheus}/api/v1/${path}`, init);
    const answer = (await response.json()) as { status: string; error?: string; data: T };
    if (answer.status !== "success") throw new Error(`${prometheus}: ${answer.error ?? "no answer"}`);
    return answer.data;
  }

  async function query<T>(text: string, time: number): Promise<readonly T[]> {
    const body = new URLSearchParams({ query: text, time: String(time) });
    return (await ask<{ result: T[] }>("query", { method: "POST", body })).result;
  }

  const instant = (text: string) => query<{ metric: Labels; value: Sample }>(text, Date.now() / 1_000);

  /** @returns when the last group was evaluated, once each was after that moment; Unix seconds */
  async function evaluatedAfter(time: number): Promise<number> {
    for (;;) {
      const { groups } = await ask<{ groups: { lastEvaluation: string }[] }>("rules");
      const moments = groups.map(({ lastEvaluation }) => Date.parse(lastEvaluation) / 1_000);
      if (moments.every((moment) => moment > time)) return Math.max(...moments);
      await delay(POLL_MS);
    }
  }

  /** The samples themselves, not what a query makes of them. */
  function samples(selector: string, from: number, to: number): Promise<readonly Series[]> {
    return query(`${selector}[${Math.ceil(to - from)}s]`, to);
  }

  return {
    async firings(from, to) {
      const series = await samples('ALERTS{alertstate="firing"}', from, to);
      const all = series.map(({ metric, values }) => {
        return { ...nameOf(metric), first: values[0]![0], last: values.at(-1)![0] };
      });
      return all.sort((a, b) => a.first - b.first);
    },
    async firing(alerts) {
      const found = await instant(`ALERTS{alertstate="firing", alertname=~"${alerts.join("|")}"}`);
      return found.map(({ metric }) => nameOf(metric));
    },
    async knows(time) {
      let scraped = 0;
      while (scraped <= time) {
        scraped = Number((await instant('timestamp(up{job="chat"} == 1)'))[0]?.value[1] ?? 0);
        if (scraped <= time) await delay(POLL_MS);
      }
      // Groups are evaluated side by side: alerts that come after all have seen the scrape see what those recorded.
      for (let after = scraped, round = 0; round < 2; round += 1) after = await evaluatedAfter(after);
    },
    async stored() {
      const [sum] = await instant('sum(chat_messages_total{result="stored"})');
      return Number(sum?.value[1] ?? 0);
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

function nameOf(metric: Labels): Pick<Firing, "alert" | "labels"> {
  const { alertname = "", __name__: _, alertstate: __, ...labels } = metric;
  return { alert: alertname, labels };
}
