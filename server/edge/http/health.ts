import type { FastifyInstance } from "fastify";
import type { Chat } from "../../chat/chat.ts";

/** `/healthz` (the process), `/readyz` (can it take traffic). */
export async function healthRoutes(app: FastifyInstance, { chat }: { chat: Chat }): Promise<void> {
  app.get("/healthz", () => ({ status: "ok" }));

  app.get("/readyz", (_request, reply) => {
    const degraded = chat.shards.filter((shard) => shard.state() === "down").map((shard) => shard.label);
    const lost = degraded.length === chat.shards.length ? "no shard answers" : null;
    const reason = chat.phase() === "running" ? lost : chat.phase();
    return reply
      .code(reason === null ? 200 : 503)
      .send({ status: reason ?? (degraded.length === 0 ? "ready" : "degraded"), degraded });
  });
}
