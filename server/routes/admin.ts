import type { FastifyInstance } from "fastify";
import type { Chat } from "../chat/chat.ts";
import { isUserId } from "../protocol/decode.ts";
import type { AuditDialogsReply, AuditMessageReply, AuditReply, HotReply, ShardsReply } from "../protocol/http.ts";
import { ApiError } from "./api-error.ts";

/** What a harness or an operator asks: shards, audit sums, hot dialogs. All need an admin token. */
export async function adminRoutes(app: FastifyInstance, { chat }: { chat: Chat }): Promise<void> {
  app.addHook("onRequest", async (request) => app.demandAdmin(request));

  app.get("/v1/shards", (): ShardsReply => chat.status());
  app.get("/v1/hot", (): HotReply => chat.hot());

  app.get<{ Querystring: { run?: string } }>("/v1/audit", async (request): Promise<AuditReply> => {
    const run = runOf(request.query.run);
    const shards = chat.shards.map(async (shard) => ({ shard: shard.label, ...(await shard.audit(run)) }));
    return { run, shards: await Promise.all(shards) };
  });

  app.get<{ Querystring: { run?: string } }>("/v1/audit/dialogs", async (request): Promise<AuditDialogsReply> => {
    const run = runOf(request.query.run);
    const parts = chat.shards.map(async (shard) =>
      (await shard.auditDialogs(run)).map((row) => ({ shard: shard.label, ...row })),
    );
    return { run, dialogs: (await Promise.all(parts)).flat() };
  });

  app.get<{ Querystring: { dialog?: string; author?: string; client?: string } }>(
    "/v1/audit/message",
    async (request): Promise<AuditMessageReply> => {
      const { dialog = "", client = "" } = request.query;
      const author = Number(request.query.author);
      if (dialog === "" || client === "" || !isUserId(author)) {
        throw new ApiError("BAD_FRAME", "`dialog`, `author` and `client` are needed");
      }
      for (const shard of chat.shards) {
        const message = await shard.find(dialog, author, client);
        if (message !== null) return { message, shard: shard.label };
      }
      return { message: null, shard: null };
    },
  );
}

function runOf(run: string | undefined): string {
  if (run === undefined || !/^[a-z0-9]{1,32}$/.test(run))
    throw new ApiError("BAD_FRAME", "`run` is a run id: [a-z0-9]");
  return run;
}
