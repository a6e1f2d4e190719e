import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Config } from "../../config.ts";
import type { Shard } from "../../shards/shard.ts";
import type { ShardSet } from "../../shards/shard-set.ts";
import { ApiError, queryText } from "./api-error.ts";

const ROLES = ["server", "database"];

/** One group of Prometheus' HTTP service discovery. */
interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * `GET /v1/targets[?role=server|database]`: what Prometheus shall scrape, for its `http_sd_configs`, so that a new
 * shard appears by itself.
 *
 * The server names itself as it was asked, which needs no token. Where the databases are is told to admin tokens, or
 * to anybody when the secret is the public one, with which anybody can sign such a token. SQLite shards have no address
 * and are left out.
 */
export async function targetRoutes(
  app: FastifyInstance,
  { secretIsPublic, shards }: Pick<Config, "secretIsPublic"> & { shards: ShardSet },
): Promise<void> {
  app.get("/v1/targets", async (request): Promise<TargetGroup[]> => {
    const role = queryText(request, "role");
    if (role !== undefined && !ROLES.includes(role)) {
      throw new ApiError("BAD_FRAME", `\`role\` is one of ${ROLES.join(", ")}`);
    }
    if (role !== "server" && !secretIsPublic) await app.demandAdmin(request);
    const databases = shards.all().flatMap(databaseGroups);
    return [...(role === "database" ? [] : [ownGroup(request)]), ...(role === "server" ? [] : databases)];
  });
}

/** Whoever asked reached this address, so it can be scraped there. */
function ownGroup(request: FastifyRequest): TargetGroup {
  const scheme: Record<string, string> = request.protocol === "https" ? { __scheme__: "https" } : {};
  return { targets: [request.host], labels: { ...scheme, __meta_hotshard_role: "server" } };
}

function databaseGroups({ label, spec }: Shard): TargetGroup[] {
  if (spec.engine === "sqlite") return [];
  const host = spec.host.includes(":") ? `[${spec.host}]` : spec.host;
  const labels = {
    __meta_hotshard_role: "database",
    __meta_hotshard_shard: label,
    __meta_hotshard_database: spec.database,
  };
  return [{ targets: [`${host}:${spec.port}`], labels }];
}
