import { join } from "node:path";
import { cacheFolder, type Environment } from "./cache-folder.ts";
import type { GoBuild } from "./go-build.ts";

/** A program of the Docker stack that can be built where no image can be pulled. */
export interface Pinned extends GoBuild {
  /** As in docker-compose.yml, without a `v`. */
  readonly version: string;
}

/** Built by `hotshard stack install NAME`; the versions are those of docker-compose.yml. */
export const PINNED = {
  prometheus: {
    version: "3.11.3",
    module: "prometheus",
    packages: ["prometheus", "promtool"].map((name) => `github.com/prometheus/prometheus/cmd/${name}`),
    goMinor: 25,
    linkerFlags: "-X github.com/prometheus/common/version.Version=3.11.3",
    what: "Prometheus 3.11.3 and its promtool: five minutes on two cores",
  },
  loki: {
    version: "3.7.8",
    module: "loki",
    packages: ["github.com/grafana/loki/v3/cmd/loki"],
    goMinor: 26,
    linkerFlags: "-X github.com/grafana/loki/v3/pkg/util/build.Version=3.7.8",
    what: "Loki 3.7.8: four minutes on two cores",
  },
} as const satisfies Readonly<Record<string, Pinned>>;

export type PinnedName = keyof typeof PINNED;

/** Where its programs lie once they are built. */
export function pinnedFolder(name: PinnedName, env: Environment = process.env): string {
  return join(cacheFolder(env), `${name}-v${PINNED[name].version}`);
}
