import type { Topology } from "../../../server/placement/contract.ts";
import { dialogId } from "../../../server/placement/dialog.ts";
import { composeId } from "../../../server/placement/message-id.ts";
import { createWhen, periodsOf } from "../../../server/placement/periods.ts";
import { compileTopology } from "../../../server/placement/router.ts";
import type { AuditDialogsReply } from "../../../server/protocol/http.ts";
import { createDialogCounts } from "./failures.ts";
import { clientId } from "../../measurement/failed-messages.ts";
import type { Story } from "../../traffic/contract.ts";

/**
 * Messages per dialog and shard of the whole schedule, made again from its seed: where the databases cannot be asked, the
 * plan still says what was offered. A message counts where its intended moment puts it.
 *
 * @param startedAt ISO 8601 of the start of the schedule
 */
export function plannedDialogs(
  story: Pick<Story, "lanes" | "users">,
  topology: Topology,
  { runId, startedAt }: { readonly runId: string; readonly startedAt: string },
): AuditDialogsReply["dialogs"] {
  const router = compileTopology(topology);
  const startMs = Date.parse(startedAt);
  const stride = story.users + 1;
  const sequence = new Map<number, number>();
  const whenOf = createWhen(periodsOf(topology));
  const counts = createDialogCounts();
  for (const lane of story.lanes()) {
    for (let send = lane.next(); send !== null; send = lane.next()) {
      const { at, author, to } = send;
      const seq = (sequence.get(author * stride + to) ?? 0) + 1;
      sequence.set(author * stride + to, seq);
      const dialog = dialogId(author, to);
      const id = composeId(startMs + Math.floor(at), 0, 0);
      const shard = router.labels[router.place({ dialog, id, author, client: clientId(runId, author, to, seq) })]!;
      counts.add({ shard, dialog, count: 1, ...whenOf(id) });
    }
  }
  return counts.rows();
}
