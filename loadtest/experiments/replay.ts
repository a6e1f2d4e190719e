import type { Result } from "../analysis/result/result.ts";

/** What a busy machine does to a run; the traffic and the server have no part in it. */
const MACHINE_REASONS = new Set(["SEND_LAG", "HANDLER_LAG", "GENERATOR_CPU", "CLOCK_JUMPED"]);

/** Whether the run is INVALID and its machine alone is to blame, so that another try may well be VALID. */
export function isSpoiled({ verdict }: Pick<Result, "verdict">): boolean {
  return verdict.status === "INVALID" && verdict.reasons.every(({ code }) => MACHINE_REASONS.has(code));
}

/**
 * Plays until the machine did not spoil it, at most `tries` times (at least 1).
 *
 * @param onTry told of every result, and whether another try follows
 * @returns the last result
 */
export async function playUntilMeasured<T extends Pick<Result, "verdict">>(
  tries: number,
  play: () => Promise<T>,
  onTry: (result: T, again: boolean) => void,
): Promise<T> {
  for (let left = tries - 1; ; left -= 1) {
    const result = await play();
    const again = left > 0 && isSpoiled(result);
    onTry(result, again);
    if (!again) return result;
  }
}
