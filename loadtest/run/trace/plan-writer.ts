import { closeSync, openSync, writeFileSync } from "node:fs";
import { notWritten } from "../../system/not-written.ts";
import type { Action } from "../../traffic/contract.ts";
import { BLOCK_RECORDS, laneFile, RECORD, summaryFile, type PlanSummary } from "../../traffic/trace/plan-file.ts";

export interface PlanWriter {
  /** @param send not earlier than those before it in the same lane */
  add(lane: number, send: Action): void;
  /** @param endMs where the schedule ends, absent: with its last message */
  close(dialogs: number, endMs?: number): PlanSummary;
  /** Whatever happened, no file is open any more. */
  abandon(): void;
}

/**
 * Writes a schedule lane by lane into an empty folder, in constant memory.
 *
 * @throws {ConfigError} from `add` and `close`: NOT_WRITTEN
 */
export function createPlanWriter(folder: string, lanes: number): PlanWriter {
  const files = Array.from({ length: lanes }, (_, lane) => ({
    path: laneFile(folder, lane),
    fd: openSync(laneFile(folder, lane), "w"),
    block: new DataView(new ArrayBuffer(RECORD * BLOCK_RECORDS)),
    used: 0,
    messages: 0,
  }));
  let endMs = 0;
  let areOpen = true;
  const flush = (file: (typeof files)[number]) => {
    writeTo(file.fd, file.path, new Uint8Array(file.block.buffer, 0, file.used * RECORD));
    file.used = 0;
  };
  const closeAll = () => {
    if (areOpen) for (const { fd } of files) closeSync(fd);
    areOpen = false;
  };
  return {
    add(lane, { at, target, user }) {
      const file = files[lane]!;
      const offset = file.used * RECORD;
      file.block.setFloat64(offset, at, true);
      file.block.setUint32(offset + 8, user, true);
      file.block.setUint32(offset + 12, target, true);
      file.used += 1;
      file.messages += 1;
      endMs = Math.max(endMs, at);
      if (file.used === BLOCK_RECORDS) flush(file);
    },
    close(dialogs, untilMs = endMs) {
      for (const file of files) flush(file);
      closeAll();
      const counts = files.map(({ messages }) => messages);
      const messages = counts.reduce((sum, count) => sum + count, 0);
      const summary: PlanSummary = { messages, dialogs, lanes: counts, endMs: untilMs };
      writeTo(summaryFile(folder), summaryFile(folder), JSON.stringify(summary));
      return summary;
    },
    abandon: closeAll,
  };
}

function writeTo(path: string | number, name: string, content: string | Uint8Array): void {
  try {
    writeFileSync(path, content);
  } catch (error) {
    throw notWritten(name, error);
  }
}
