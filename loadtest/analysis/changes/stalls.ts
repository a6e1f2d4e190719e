import { quantileSorted } from "d3-array";
import { dialogId } from "../../../server/placement/dialog.ts";
import type { Rehearsed } from "../../measurement/rehearsed.ts";
import type { Result } from "../result/result.ts";

/** How long dialogs waited in the second window: of each the longest of its messages. Null when none wrote then. */
export function stallsOf(stalls: Rehearsed["stalls"]): NonNullable<Result["stalls"]> | null {
  const longest = new Map<string, number>();
  for (const [author, to, ms] of stalls) {
    const dialog = dialogId(author, to);
    longest.set(dialog, Math.max(ms, longest.get(dialog) ?? 0));
  }
  const sorted = [...longest.values()].sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const at = (q: number): number => quantileSorted(sorted, q)!;
  return { dialogs: sorted.length, p50: at(0.5), p99: at(0.99), max: sorted.at(-1)! };
}
