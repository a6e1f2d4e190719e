import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Operation, OperationsHead } from "../../loadtest/measurement/operations.ts";

/** Start of the schedule of the runs of these tests, epoch ms. */
export const STARTED_AT = 1_800_000_000_000;

/** User 7 sends two messages to 81; both are acknowledged and received. */
export const SENT: readonly Operation[] = [
  ["i", 0, 7, 81, 1, "aa"],
  ["a", 5, 7, 81, 1, "100"],
  ["r", 6, 7, 81, 1, "100", "aa"],
  ["i", 10, 7, 81, 2, "bb"],
  ["a", 15, 7, 81, 2, "110"],
  ["r", 16, 7, 81, 2, "110", "bb"],
];

export function writeLog(folder: string, file: string, lines: readonly (OperationsHead | Operation | string)[]): void {
  const text = lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join("");
  writeFileSync(join(folder, file), gzipSync(text));
}
