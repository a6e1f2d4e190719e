import { ConfigError } from "../server/placement/contract.ts";
import { auditFaults } from "./analysis/audit.ts";
import { DriveError } from "./drivers/drive-error.ts";
import { MissingProgramError } from "./drivers/missing-program.ts";
import type { Result } from "./report/result.ts";

/** What `hotshard` tells the shell. */
export const EXIT = { good: 0, failed: 1, usage: 2, invalid: 3, missing: 4, internal: 70, interrupted: 130 } as const;

/** An interrupted run is not judged; a failed audit is certain even when the run is INVALID, a missed threshold is not. */
export function exitCodeOf(result: Result): number {
  if (result.run.interrupted) return EXIT.interrupted;
  if (auditFaults(result.audit).length > 0) return EXIT.failed;
  if (result.verdict.status === "INVALID") return EXIT.invalid;
  if (result.trends?.memoryBytes?.grows === true) return EXIT.failed;
  return result.thresholds?.some(({ status }) => status === "failed") ? EXIT.failed : EXIT.good;
}

/** Codes of errors that say that something which the command needs is not there. */
const MISSING = new Set([
  "K6_UNAVAILABLE",
  "UNREACHABLE",
  "SERVER_UNREACHABLE",
  "NO_PROMETHEUS",
  "PROGRAM_MISSING",
  "PART_FAILED",
]);

/** One line for people, and the exit code; only a fault of hotshard itself shows a stack. */
export function explainError(error: unknown): { readonly code: number; readonly line: string } {
  if (error instanceof ConfigError || error instanceof MissingProgramError || error instanceof DriveError) {
    const code = MISSING.has(error.code) ? EXIT.missing : EXIT.usage;
    return { code, line: `hotshard: ${error.code}: ${error.message}` };
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: EXIT.internal, line: `hotshard: INTERNAL: ${detail}` };
}
