import type { FastifyInstance } from "fastify";
import type { Chat } from "../../chat/chat.ts";
import type { Watch } from "../watch.ts";

/** `/healthz` (the process), `/readyz` (can it take traffic). */
export async function healthRoutes(
  app: FastifyInstance,
  { chat, mayWrite, shards }: { chat: Chat } & Pick<Watch, "mayWrite" | "shards">,
): Promise<void> {
  app.get("/healthz", () => ({ status: "ok" }));

  app.get("/readyz", (_request, reply) => {
    const degraded = shards
      .all()
      .filter((shard) => shard.state() === "down")
      .map((shard) => shard.label);
    const lost = degraded.length === shards.all().length ? "no shard answers" : null;
    const noGrant = mayWrite() ? null : "writes are refused: there is no grant of message ids";
    const reason = chat.phase() === "running" ? (lost ?? noGrant) : chat.phase();
    return reply
      .code(reason === null ? 200 : 503)
      .send({ status: reason ?? (degraded.length === 0 ? "ready" : "degraded"), degraded });
  });
}
