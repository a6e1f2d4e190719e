import { once } from "node:events";
import { extname, join } from "node:path";
import { Worker } from "node:worker_threads";
import { httpBase } from "../../drivers/chat-address.ts";
import type { SamplerOrder, SamplerReport } from "./sampler-thread.ts";

/**
 * In a run's folder: the server's series while it went on, as `promtool tsdb create-blocks-from openmetrics` reads
 * them.
 */
export const SERVER_METRICS = "server-metrics.om.gz";

/** The job that `prometheus.yml` gives to the chat, so that the dashboards show these series too. */
const JOB = "chat";

/** Asks a server for its metrics while a run goes on. */
export interface MetricsSampler {
  /**
   * Asks once more and writes the file, if there is anything to write.
   *
   * @param isKept otherwise nothing is written: a run that was refused leaves nothing
   * @returns a fault in a sentence; null: none
   */
  end(isKept: boolean): Promise<string | null>;
}

/**
 * Begins at once, in a thread of its own: the generator may live in this process.
 *
 * @param url WebSocket address of the chat
 * @param folder the run's
 */
export function startMetricsSampler(url: string, folder: string, runId: string): MetricsSampler {
  const base = httpBase(url);
  const order: SamplerOrder = {
    address: `${base}/metrics`,
    path: join(folder, SERVER_METRICS),
    labels: { job: JOB, instance: new URL(base).host, testid: runId },
  };
  const thread = new Worker(new URL(`./sampler-thread${extname(import.meta.url)}`, import.meta.url), {
    workerData: order,
    execArgv: [],
  });
  thread.unref();
  const said = once(thread, "message").then(
    ([report]) => (report as SamplerReport).fault,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  return {
    async end(isKept) {
      thread.ref();
      if (isKept) thread.postMessage("end");
      const fault = isKept ? await said : undefined;
      await thread.terminate();
      return fault === undefined ? null : `${SERVER_METRICS} is not written: ${fault}.`;
    },
  };
}
