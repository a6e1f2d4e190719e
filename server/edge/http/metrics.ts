import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { PageFormat } from "../../observability/exposition.ts";
import type { Metrics } from "../../observability/metrics.ts";
import { createPacedPage } from "../../observability/paced-page.ts";

/** A scraper that takes nothing for so long is hung up on, ms. */
const PATIENCE_MS = 10_000;

/**
 * `/metrics`: OpenMetrics with exemplars for a scraper that asks for it, else Prometheus' text format. It needs no
 * token; with an admin's, exemplars name dialogs. A token that is not an admin's is refused: its owner thinks it is.
 */
export async function metricsRoute(app: FastifyInstance, { metrics }: { metrics: Metrics }): Promise<void> {
  const { exposition } = metrics;
  const pages = createPacedPage((format) => exposition.page(format));

  app.get("/metrics", async (request, reply) => {
    countScrape(request, reply, metrics);
    const hasToken = request.headers.authorization !== undefined;
    if (hasToken) await app.demandAdmin(request);
    const format = wantedFormat(request.headers.accept ?? "", hasToken);
    return reply.type(exposition.contentType(format)).send(await pages.get(format));
  });
}

function countScrape(request: FastifyRequest, reply: FastifyReply, metrics: Metrics): void {
  reply.raw.setTimeout(PATIENCE_MS, () => request.raw.destroy());
  reply.raw.once("close", () => metrics.scraped(reply.raw.writableFinished ? "sent" : "aborted"));
}

/** Prometheus asks for OpenMetrics first; whoever does not name it, or with the weight 0, gets text. */
function wantedFormat(accept: string, isAdmin: boolean): PageFormat {
  const asked = accept.split(",").find((type) => type.trim().startsWith("application/openmetrics-text"));
  return asked === undefined || /;\s*q=0(\.0*)?\s*($|;)/.test(asked)
    ? "text"
    : isAdmin
      ? "openmetrics with dialogs"
      : "openmetrics";
}
