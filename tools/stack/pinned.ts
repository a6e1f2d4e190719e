import { join } from "node:path";
import { cacheFolder, type Environment } from "../../loadtest/system/cache-folder.ts";
import type { GoBuild } from "./go-build.ts";

/**
 * Prometheus of docker-compose.yml, without a `v`: built by `hotshard stack install prometheus` in a clone of the
 * repository, where no image can be pulled.
 */
export const PINNED_PROMETHEUS = {
  version: "3.11.3",
  module: "prometheus",
  packages: ["prometheus", "promtool"].map((name) => `github.com/prometheus/prometheus/cmd/${name}`),
  goMinor: 25,
  linkerFlags: "-X github.com/prometheus/common/version.Version=3.11.3",
  what: "Prometheus 3.11.3 and its promtool: five minutes on two cores",
} as const satisfies GoBuild & { readonly version: string };

/** Where its programs lie once they are built. */
export function pinnedFolder(env: Environment = process.env): string {
  return join(cacheFolder(env), `prometheus-v${PINNED_PROMETHEUS.version}`);
}
