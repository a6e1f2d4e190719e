import type { FastifyInstance } from "fastify";
import { parseDialog } from "../../placement/dialog.ts";
import { periodsOf } from "../../placement/periods.ts";
import { isClientId, isUserId } from "../../protocol/decode.ts";
import type { AuditDialogsReply, AuditMessageReply, AuditReply, HotReply, ShardsReply } from "../../protocol/http.ts";
import type { ShardSet } from "../../shards/shard-set.ts";
import type { Watch } from "../watch.ts";
import { ApiError, queryText } from "./api-error.ts";

/** What a harness or an operator asks: shards, audit sums, hot dialogs. All need an admin token. */
export async function adminRoutes(app: FastifyInstance, { hot, shards, status }: Watch): Promise<void> {
  app.addHook("onRequest", async (request) => {
    await app.demandAdmin(request);
  });

  app.get("/v1/shards", (): ShardsReply => status());
  app.get("/v1/hot", (): HotReply => hot());

  app.get("/v1/audit", async (request): Promise<AuditReply> => {
    const run = runOf(queryText(request, "run"));
    const sums = shards.all().map(async (shard) => ({ shard: shard.label, ...(await shard.audit(run)) }));
    return { run, shards: await Promise.all(sums) };
  });

  app.get("/v1/audit/dialogs", async (request): Promise<AuditDialogsReply> => {
    const run = runOf(queryText(request, "run"));
    const periods = periodsOf(status().topology);
    const parts = shards
      .all()
      .map(async (shard) => (await shard.auditDialogs(run, periods)).map((sum) => ({ shard: shard.label, ...sum })));
    return { run, dialogs: (await Promise.all(parts)).flat() };
  });

  app.get("/v1/audit/message", async (request): Promise<AuditMessageReply> => {
    const dialog = queryText(request, "dialog") ?? "";
    const author = Number(queryText(request, "author"));
    const client = queryText(request, "client");
    if (parseDialog(dialog) === null || !isUserId(author) || !isClientId(client)) {
      throw new ApiError("BAD_FRAME", "`dialog`, `author` and `client` of the message are needed");
    }
    return findMessage(shards, dialog, author, client);
  });
}

/** A shard that does not answer matters only when no other has the message. */
async function findMessage(
  shards: ShardSet,
  dialog: string,
  author: number,
  client: string,
): Promise<AuditMessageReply> {
  const finds = await Promise.allSettled(shards.all().map((shard) => shard.find(dialog, author, client)));
  for (const [index, find] of finds.entries()) {
    if (find.status === "fulfilled" && find.value !== null) {
      return { message: find.value, shard: shards.all()[index]!.label };
    }
  }
  const failed = finds.find((find) => find.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return { message: null, shard: null };
}

function runOf(run: string | undefined): string {
  if (run === undefined || !/^[a-z0-9]{1,32}$/.test(run))
    throw new ApiError("BAD_FRAME", "`run` is a run id: [a-z0-9]");
  return run;
}
