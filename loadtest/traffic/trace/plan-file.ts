import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import type { Action } from "../contract.ts";

/** A send: its moment in ms, a double, and the two users, 32 bits each. */
export const RECORD = 16;
export const BLOCK_RECORDS = 4_096;

/** What a plan holds, beside its messages. */
export interface PlanSummary {
  readonly messages: number;
  readonly dialogs: number;
  /** Messages of each lane. */
  readonly lanes: readonly number[];
  /** Where the schedule ends, ms: with its last message unless more is known of it. */
  readonly endMs: number;
}

export const laneFile = (folder: string, lane: number): string => join(folder, `lane-${lane}.plan`);
export const summaryFile = (folder: string): string => join(folder, "plan.json");

export function readPlanSummary(folder: string): PlanSummary {
  return JSON.parse(readFileSync(summaryFile(folder), "utf8")) as PlanSummary;
}

/** The messages of one lane, read some thousands at a time. @returns null from the end on */
export function readLane(folder: string, lane: number): () => Action | null {
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
    const send: Action = {
      at: block.getFloat64(at, true),
      user: block.getUint32(at + 8, true),
      do: "send",
      target: block.getUint32(at + 12, true),
    };
    at += RECORD;
    return send;
  };
}
