import { createHistoryChecker } from "../../analysis/history/check-history.ts";
import type { HistoryCheck } from "../../analysis/result/history-schema.ts";
import type { Progress } from "../../drivers/contract.ts";
import { operationFiles, READS_FILE } from "../../drivers/operation-file.ts";
import type { Measurement } from "../../measurement/measurement.ts";
import type { Dials } from "../../traffic/contract.ts";
import { mergeLanes } from "../../traffic/deal.ts";
import { findScenario } from "../../traffic/stories/registry.ts";
import type { ServerClient } from "../server-client.ts";
import { historyCheck } from "./check-log.ts";
import { createHistoryReader, type HistoryReader } from "./history-reader.ts";
import { eachOperation } from "./operation-log.ts";

interface HistoryOrder {
  readonly client: ServerClient;
  readonly scenario: string;
  readonly dials: Dials;
  readonly runId: string;
  /** Folder of the run. */
  readonly out: string;
  /** Share of the dialogs whose operations are kept; absent: none. */
  readonly operations?: number;
}

/** The histories of one run: read while it goes on and to their ends afterwards, then checked. */
export interface RunHistory {
  /** Told of the progress of the run, about once a second. */
  progress(progress: Progress): void;
  /** The driver has ended. Resolves when no page is under way. @param driven null: there is nothing to check */
  stop(driven: Measurement | null): Promise<void>;
  /**
   * Reads every dialog of the log and checks all of it.
   *
   * @returns null for a run without a log, and for one whose log is not whole: it was interrupted, or a generator died
   */
  check(measurement: Measurement): Promise<HistoryCheck | null>;
}

const NONE: RunHistory = { progress: () => {}, stop: async () => {}, check: async () => null };

export function watchHistory(order: HistoryOrder): RunHistory {
  return order.operations === undefined ? NONE : createRunHistory(order, order.operations);
}

function createRunHistory({ client, scenario, dials, runId, out }: HistoryOrder, share: number): RunHistory {
  let reader: HistoryReader | null = null;
  // A run that is refused before its start leaves no file.
  const begun = () =>
    (reader ??= createHistoryReader({
      client,
      folder: out,
      runId,
      share,
      next: mergeLanes(findScenario(scenario)?.make(dials).lanes() ?? []),
    }));
  let hasEnded = false;

  async function stopSamples(): Promise<void> {
    hasEnded = true;
    await reader?.stop();
  }

  return {
    progress({ phase }) {
      if (phase === "drain") void stopSamples();
      else if (phase !== "connect" && !hasEnded) begun().start();
    },
    async stop(driven) {
      await stopSamples();
      if (driven === null) await reader?.close();
    },
    async check({ generator, interrupted, startedAt }) {
      const isWhole = !interrupted && (generator.lost ?? []).length === 0;
      const checker = createHistoryChecker();
      const start = Date.parse(startedAt);
      const files = (await operationFiles(out)).filter((file) => file !== READS_FILE);
      const places = isWhole ? await eachOperation(out, files, start, checker.add) : null;
      if (places !== null) await begun().readAll(checker.dialogs());
      await reader?.close();
      if (places === null) return null;
      await eachOperation(out, [READS_FILE], start, checker.add, places);
      return historyCheck(checker.finish(), places);
    },
  };
}
