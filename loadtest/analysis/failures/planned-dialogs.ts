import type { Topology } from "../../../server/placement/contract.ts";
import type { AuditDialogsReply } from "../../../server/protocol/http.ts";
import { createDialogCounts, createPlacer } from "./failures.ts";
import type { Lane, Action, Story } from "../../traffic/contract.ts";
import { mergeLanes } from "../../traffic/deal.ts";

/** The run whose plan is wanted. */
interface PlannedRun {
  readonly runId: string;
  /** ISO 8601 of the start of the schedule. */
  readonly startedAt: string;
  /** Messages that were sent or should have been. */
  readonly planned: number;
  /** Length of the schedule, s. */
  readonly scheduleS: number;
}

/**
 * Messages per dialog and shard of the whole schedule, made again from its seed: where the databases cannot be asked,
 * the plan still says what was offered. A message counts where its intended moment puts it.
 */
export function plannedDialogs(
  story: Pick<Story, "lanes" | "users">,
  topology: Topology,
  run: PlannedRun,
): AuditDialogsReply["dialogs"] {
  const place = createPlacer(topology, run.runId, run.startedAt);
  const stride = story.users + 1;
  const sequence = new Map<number, number>();
  const counts = createDialogCounts();
  for (const { at, target: to, user: author } of sendsOf(story.lanes(), run)) {
    const seq = (sequence.get(author * stride + to) ?? 0) + 1;
    sequence.set(author * stride + to, seq);
    counts.add(place({ author, to, seq, at }).row);
  }
  return counts.rows();
}

/** Of a closed model the first so many messages, which do not depend on the answers, at moments that are even. */
function* sendsOf(lanes: readonly Lane[], { planned, scheduleS }: PlannedRun): Iterable<Action> {
  for (const lane of lanes) {
    const next = mergeLanes([lane]);
    let made = 0;
    for (let send = next(); send !== null && (lane.loop === undefined || made < planned); send = next()) {
      yield lane.loop === undefined ? send : { ...send, at: (1000 * scheduleS * (made + 0.5)) / planned };
      made += 1;
    }
  }
}
