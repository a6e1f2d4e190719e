import type { AuditDialogsReply } from "../../../server/protocol/http.ts";
import { findScenario } from "../../traffic/stories/registry.ts";
import { asSeen } from "../result/seen-changes.ts";
import { offeredDialogs, placeFailures, unknownMessages, type Failures } from "./failures.ts";
import { plannedDialogs } from "./planned-dialogs.ts";
import type { RunEvidence } from "../result/run-evidence.ts";

/** What failed, each message on the shard where it belongs. */
export function failuresOf(evidence: FailureEvidence): Failures {
  const { measurement, runId, dials, scenario, after, seen, unknowns } = evidence;
  const asked = unknownMessages(measurement, runId);
  const found = asked.filter((_, i) => (unknowns[i]?.shard ?? null) !== null);
  return placeFailures({
    measurement,
    runId,
    dials,
    story: findScenario(scenario)?.make(dials) ?? { online: dials.users, isHot: () => false },
    topology: asSeen(after.topology, seen),
    stored: new Set(found.map(({ client }) => client)),
  });
}

type FailureEvidence = Pick<
  RunEvidence,
  "measurement" | "runId" | "dials" | "scenario" | "after" | "seen" | "unknowns"
>;

/** Messages per dialog and shard that were offered; empty when nobody can know. */
export function offeredOf(evidence: RunEvidence, { unstored }: Failures): AuditDialogsReply["dialogs"] {
  const { after, dials, dialogs, measurement, runId, scenario, serverGone } = evidence;
  if (serverGone === undefined) return offeredDialogs(dialogs.dialogs, unstored, after.topology.segments.length - 1);
  const story = findScenario(scenario)?.make(dials);
  // Of a part of the schedule the plan cannot tell which.
  if (story === undefined || measurement.interrupted || measurement.cutAtS !== undefined || measurement.late > 0)
    return [];
  const { planned, startedAt } = measurement;
  const scheduleS = dials.warmupS + dials.durationS;
  return plannedDialogs(story, after.topology, { runId, startedAt, planned, scheduleS });
}
