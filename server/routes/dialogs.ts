import type { FastifyInstance } from "fastify";
import type { Chat } from "../chat/chat.ts";
import { parseDialog } from "../placement/dialog.ts";
import { isMessageId } from "../protocol/decode.ts";
import { LIMITS } from "../protocol/frames.ts";
import type { DialogReply } from "../protocol/http.ts";
import { ApiError } from "./api-error.ts";

interface DialogRequest {
  Params: { id: string };
  Querystring: { before?: string; limit?: string };
}

/** `GET /v1/dialogs/:id/messages`: history for a member of the dialog, or an admin. */
export async function dialogRoutes(app: FastifyInstance, { chat }: { chat: Chat }): Promise<void> {
  app.get<DialogRequest>("/v1/dialogs/:id/messages", async (request): Promise<DialogReply> => {
    const { user, admin } = app.identify(request);
    const dialog = request.params.id;
    const members = parseDialog(dialog);
    if (members === null)
      throw new ApiError("NOT_FOUND", "a dialog id is `smaller_larger` of two user ids, or `g_<group>`");
    const isMember = "users" in members && members.users.includes(user);
    if (!isMember && !admin) throw new ApiError("FORBIDDEN", `user ${user} is not in this dialog`);
    return { dialog, ...(await chat.history(dialog, pageOf(request.query))) };
  });
}

function pageOf(query: DialogRequest["Querystring"]): { before?: string; limit?: number } {
  const limit = query.limit === undefined ? LIMITS.page : Number(query.limit);
  const faults = [
    query.before !== undefined && !isMessageId(query.before) && "`before` is a message id: a string of digits",
    !(Number.isInteger(limit) && limit >= 1 && limit <= LIMITS.page) && `\`limit\` is 1 to ${LIMITS.page}`,
  ].filter((fault) => fault !== false);
  if (faults.length > 0) throw new ApiError("BAD_FRAME", faults.join("; "));
  return query.before === undefined ? { limit } : { before: query.before, limit };
}
