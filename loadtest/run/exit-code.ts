import { ConfigError } from "../../server/config-error.ts";
import { auditFaults } from "../analysis/audit/audit.ts";
import { DriveError } from "../drivers/drive-error.ts";
import { MissingProgramError } from "../drivers/missing-program.ts";
import { MORE_ROOM } from "../system/not-written.ts";
import { misplacedInWords } from "../report/words/changes.ts";
import { hasTooManyErrors } from "../report/words/failures.ts";
import type { Result } from "../analysis/result/result.ts";

/** What `hotshard` tells the shell; from 64 to 78 as sysexits.h has it. */
export const EXIT = {
  good: 0,
  failed: 1,
  usage: 2,
  invalid: 3,
  missing: 4,
  /** The answer is of a part of the input: lines were left out. */
  partial: 5,
  internal: 70,
  unwritten: 74,
  interrupted: 130,
} as const;

/**
 * An interrupted run is not judged; a failed audit is certain even when the run is INVALID, a missed threshold is not.
 */
export function exitCodeOf(result: Result): number {
  if (result.run.interrupted) return EXIT.interrupted;
  if (auditFaults(result.audit).length > 0 || misplacedInWords(result) !== null) return EXIT.failed;
  // A generator that was late may be why messages failed; a server that was gone is no excuse for them.
  const isGeneratorsFault = result.verdict.reasons.some(({ code }) => !NOT_AUDITED.has(code));
  if (hasTooManyErrors(result) && !isGeneratorsFault) return EXIT.failed;
  if (result.verdict.status === "INVALID") return EXIT.invalid;
  if (result.trends?.memoryBytes?.grows === true) return EXIT.failed;
  return result.thresholds?.some(({ status }) => status === "failed") ? EXIT.failed : EXIT.good;
}

/** Reasons for which a run has no audit, and nothing is held against its generator. */
const NOT_AUDITED = new Set(["SERVER_GONE", "SHARD_LOST"]);
/** Codes of errors that say that something which the command needs is not there. */
const MISSING = new Set(["UNREACHABLE", "SERVER_UNREACHABLE", "NO_PROMETHEUS", "PART_FAILED"]);
/** What the system says of a disk that takes no more: full, over a quota, read-only, broken. */
const DISK_FAULTS = new Set(["ENOSPC", "EDQUOT", "EROFS", "EIO"]);
/** Codes of generators that broke while they ran: nobody's usage is at fault. */
const BROKEN = new Set(["K6_FAILED", "GENERATORS_LOST"]);

/** One line for people, and the exit code; only a fault of hotshard itself shows a stack. */
export function explainError(error: unknown): { readonly code: number; readonly line: string } {
  if (error instanceof ConfigError || error instanceof MissingProgramError || error instanceof DriveError) {
    return { code: codeOf(error), line: `hotshard: ${error.code}: ${error.message}` };
  }
  if (isDiskFault(error))
    return { code: EXIT.unwritten, line: `hotshard: NOT_WRITTEN: ${error.message}; ${MORE_ROOM}` };
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: EXIT.internal, line: `hotshard: INTERNAL: ${detail}` };
}

const isDiskFault = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "code" in error && DISK_FAULTS.has(String(error.code));

function codeOf(error: ConfigError | MissingProgramError | DriveError): number {
  if (error.code === "INTERRUPTED") return EXIT.interrupted;
  if (error.code === "NOT_WRITTEN") return EXIT.unwritten;
  if (error instanceof MissingProgramError || MISSING.has(error.code)) return EXIT.missing;
  return BROKEN.has(error.code) ? EXIT.internal : EXIT.usage;
}
