import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Chat } from "../../chat/chat.ts";
import { parseDialog } from "../../placement/dialog.ts";
import { isMessageId } from "../../protocol/decode.ts";
import { LIMITS } from "../../protocol/frames.ts";
import type { DialogReply } from "../../protocol/http.ts";
import { ApiError, queryText } from "./api-error.ts";

/** `GET /v1/dialogs/:id/messages`: history for a member of the dialog, or an admin. */
export async function dialogRoutes(app: FastifyInstance, { chat }: { chat: Chat }): Promise<void> {
  app.get<{ Params: { id: string } }>("/v1/dialogs/:id/messages", async (request): Promise<DialogReply> => {
    const { user, admin } = app.identify(request);
    const dialog = request.params.id;
    const members = parseDialog(dialog);
    if (members === null)
      throw new ApiError("NOT_FOUND", "a dialog id is `smaller_larger` of two user ids, or `g_<group>`");
    const isMember = "users" in members && members.users.includes(user);
    if (!isMember && !admin) throw new ApiError("FORBIDDEN", `user ${user} is not in this dialog`);
    return { dialog, ...(await chat.history(dialog, pageOf(request))) };
  });
}

function pageOf(request: FastifyRequest): { before?: string; limit?: number } {
  const before = queryText(request, "before");
  const limitText = queryText(request, "limit");
  const limit = Number(limitText ?? LIMITS.page);
  const faults = [
    before !== undefined && !isMessageId(before) && "`before` is a message id: a string of digits",
    !(Number.isInteger(limit) && limit >= 1 && limit <= LIMITS.page) && `\`limit\` is 1 to ${LIMITS.page}`,
  ].filter((fault) => fault !== false);
  if (faults.length > 0) throw new ApiError("BAD_FRAME", faults.join("; "));
  return before === undefined ? { limit } : { before, limit };
}
