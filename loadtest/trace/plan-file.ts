import { closeSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { PlannedSend } from "../traffic/contract.ts";
import { notWritten } from "../not-written.ts";

/** A send: its moment in ms, a double, and the two users, 32 bits each. */
const RECORD = 16;
const BLOCK_RECORDS = 4_096;

/** What a plan holds, beside its messages. */
export interface PlanSummary {
  readonly messages: number;
  readonly dialogs: number;
  /** Messages of each lane. */
  readonly lanes: readonly number[];
  /** Where the schedule ends, ms: with its last message unless more is known of it. */
  readonly endMs: number;
}

export interface PlanWriter {
  /** @param send not earlier than those before it in the same lane */
  add(lane: number, send: PlannedSend): void;
  /** @param endMs where the schedule ends, absent: with its last message */
  close(dialogs: number, endMs?: number): PlanSummary;
  /** Whatever happened, no file is open any more. */
  abandon(): void;
}

const laneFile = (folder: string, lane: number): string => join(folder, `lane-${lane}.plan`);
const summaryFile = (folder: string): string => join(folder, "plan.json");

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
    writeAll(file.path, file.fd, new Uint8Array(file.block.buffer, 0, file.used * RECORD));
    file.used = 0;
  };
  const closeAll = () => {
    if (areOpen) for (const { fd } of files) closeSync(fd);
    areOpen = false;
  };
  return {
    add(lane, { at, author, to }) {
      const file = files[lane]!;
      const offset = file.used * RECORD;
      file.block.setFloat64(offset, at, true);
      file.block.setUint32(offset + 8, author, true);
      file.block.setUint32(offset + 12, to, true);
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
      writeSummary(summaryFile(folder), summary);
      return summary;
    },
    abandon: closeAll,
  };
}

/** On a disk that is nearly full a part is written at first. */
function writeAll(path: string, fd: number, bytes: Uint8Array): void {
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
  } catch (error) {
    throw notWritten(path, error);
  }
}

function writeSummary(path: string, summary: PlanSummary): void {
  try {
    writeFileSync(path, JSON.stringify(summary));
  } catch (error) {
    throw notWritten(path, error);
  }
}

export function readPlanSummary(folder: string): PlanSummary {
  return JSON.parse(readFileSync(summaryFile(folder), "utf8")) as PlanSummary;
}

/** The messages of one lane, read some thousands at a time. @returns null from the end on */
export function readLane(folder: string, lane: number): () => PlannedSend | null {
  const bytes = new Uint8Array(RECORD * BLOCK_RECORDS);
  const block = new DataView(bytes.buffer);
  let fd: number | null = null;
  let at = 0;
  let until = 0;
  let ended = false;
  return () => {
    if (ended) return null;
    if (at === until) {
      fd ??= openSync(laneFile(folder, lane), "r");
      until = readSync(fd, bytes);
      at = 0;
      if (until === 0) {
        ended = true;
        closeSync(fd);
        return null;
      }
    }
    const send = {
      at: block.getFloat64(at, true),
      author: block.getUint32(at + 8, true),
      to: block.getUint32(at + 12, true),
    };
    at += RECORD;
    return send;
  };
}
