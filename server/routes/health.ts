import type { FastifyInstance } from "fastify";
import type { Chat } from "../chat/chat.ts";
import type { Metrics } from "../observability/metrics.ts";

/** `/healthz` (the process), `/readyz` (can it take traffic), `/metrics` (Prometheus text format). */
export async function healthRoutes(app: FastifyInstance, options: { chat: Chat; metrics: Metrics }): Promise<void> {
  const { chat, metrics } = options;

  app.get("/healthz", () => ({ status: "ok" }));

  app.get("/readyz", (_request, reply) => {
    const degraded = chat.shards.filter((shard) => shard.state() === "down").map((shard) => shard.label);
    const lost = degraded.length === chat.shards.length ? "no shard answers" : null;
    const reason = chat.phase() === "running" ? lost : chat.phase();
    return reply
      .code(reason === null ? 200 : 503)
      .send({ status: reason ?? (degraded.length === 0 ? "ready" : "degraded"), degraded });
  });

  app.get("/metrics", async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
}
