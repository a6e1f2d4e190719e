import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import type { Part } from "./contract.ts";
import { answers, document } from "./http.ts";

export interface PrometheusServer {
  readonly folder: string;
  readonly port: number;
  /** The chat server's port; it lists its own targets. */
  readonly chat: number;
  /** Ports of 127.0.0.1 to scrape, by job. */
  readonly targets: Readonly<Record<string, number>>;
}

const RETENTION = "7d";
/** As in `prometheus/prometheus.yml`: the rules reckon with it. */
const INTERVAL = "5s";
const TIMEOUT = "4s";

/** A Prometheus with the rules of this package, as a part of the stack. */
export function prometheusPart(program: string, { folder, port, chat, targets }: PrometheusServer): Part {
  const address = `http://127.0.0.1:${port}`;
  return {
    name: "prometheus",
    address,
    port,
    async prepare() {
      await mkdir(folder, { recursive: true });
      const file = join(folder, "prometheus.yml");
      await writeFile(file, stringify(configuration(chat, targets)));
      return {
        program,
        args: [
          `--config.file=${file}`,
          `--storage.tsdb.path=${join(folder, "data")}`,
          `--storage.tsdb.retention.time=${RETENTION}`,
          `--web.listen-address=127.0.0.1:${port}`,
          "--web.enable-remote-write-receiver",
          // Prometheus from 3.9 on has native histograms anyway, and only warns.
          "--enable-feature=exemplar-storage,native-histograms",
        ],
      };
    },
    isReady: () => answers(`${address}/-/ready`),
    async version() {
      const info = (await document(`${address}/api/v1/status/buildinfo`)) as { data?: { version?: string } } | null;
      return info?.data?.version ?? null;
    },
  };
}

function configuration(chat: number, targets: PrometheusServer["targets"]): object {
  const discovery = { url: `http://127.0.0.1:${chat}/v1/targets?role=server`, refresh_interval: "15s" };
  return {
    global: { scrape_interval: INTERVAL, scrape_timeout: TIMEOUT, evaluation_interval: INTERVAL },
    // Several k6 write at once, and each sends again after a failure.
    storage: { tsdb: { out_of_order_time_window: "10m" } },
    rule_files: ["rules", "alerts"].map((name) => join(rulesFolder(), name, "*.yml")),
    scrape_configs: [
      { job_name: "chat", http_sd_configs: [discovery] },
      ...Object.entries(targets).map(([job, port]) => ({
        job_name: job,
        static_configs: [{ targets: [`127.0.0.1:${port}`] }],
      })),
    ],
  };
}

/** In a clone two folders up; in the package beside the compiled code's folder. */
function rulesFolder(): string {
  const [clone, compiled] = ["../../prometheus", "../../../prometheus"].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  return existsSync(clone!) ? clone! : compiled!;
}
