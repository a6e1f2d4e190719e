import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Loki, Part } from "./contract.ts";
import { answers, document } from "./http.ts";

/** A single Loki that keeps its files in `folder`, as a part of the stack. */
export function lokiPart(program: string, folder: string, ports: Loki): Part {
  const address = `http://127.0.0.1:${ports.http}`;
  return {
    name: "loki",
    address,
    port: ports.http,
    async prepare() {
      await mkdir(folder, { recursive: true });
      const file = join(folder, "loki.yml");
      await writeFile(file, stringify(configuration(folder, ports)));
      return { program, args: [`-config.file=${file}`] };
    },
    isReady: () => answers(`${address}/ready`),
    async version() {
      const info = (await document(`${address}/loki/api/v1/status/buildinfo`)) as { version?: string } | null;
      return info?.version ?? null;
    },
  };
}

function configuration(folder: string, { http, grpc }: Loki): object {
  return {
    auth_enabled: false,
    server: {
      http_listen_address: "127.0.0.1",
      http_listen_port: http,
      grpc_listen_address: "127.0.0.1",
      grpc_listen_port: grpc,
      log_level: "warn",
    },
    common: {
      instance_addr: "127.0.0.1",
      path_prefix: folder,
      replication_factor: 1,
      ring: { kvstore: { store: "inmemory" } },
      storage: { filesystem: { chunks_directory: join(folder, "chunks"), rules_directory: join(folder, "rules") } },
    },
    schema_config: {
      configs: [
        {
          from: "2024-01-01",
          store: "tsdb",
          object_store: "filesystem",
          schema: "v13",
          index: { prefix: "index_", period: "24h" },
        },
      ],
    },
    analytics: { reporting_enabled: false },
  };
}
