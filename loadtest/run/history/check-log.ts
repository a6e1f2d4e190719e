import { ConfigError } from "../../../server/config-error.ts";
import type { HistoryVerdict } from "../../analysis/history/anomaly.ts";
import { createHistoryChecker } from "../../analysis/history/check-history.ts";
import type { HistoryCheck } from "../../analysis/result/history-schema.ts";
import { operationFiles } from "../../drivers/operation-file.ts";
import { eachOperation, type LogPlaces } from "./operation-log.ts";

/**
 * Checks the operation log that a run has left.
 *
 * @param startedAt start of the run's schedule, epoch ms
 * @throws {ConfigError} NO_LOG; as `eachOperation`
 */
export async function checkLog(folder: string, startedAt: number): Promise<HistoryCheck> {
  const files = await operationFiles(folder);
  if (files.length === 0)
    throw new ConfigError("NO_LOG", `${folder} has no operations-00.ndjson.gz: run with --log 1, or --log 10%`);
  const checker = createHistoryChecker();
  const places = await eachOperation(folder, files, startedAt, checker.add);
  return historyCheck(checker.finish(), places);
}

/** As results have it: the lines by their places in the files. */
export function historyCheck(verdict: HistoryVerdict, places: LogPlaces): HistoryCheck {
  const { anomalies, evidence, steps: _, ...counts } = verdict;
  return {
    ...counts,
    ...anomalies,
    evidence: evidence.map(({ kind, dialog, says, witnesses }) => ({
      kind,
      dialog,
      says,
      lines: witnesses.map((witness) => ({ where: places.of(witness.operation), says: witness.says })),
    })),
  };
}
