import { join } from "node:path";
import { childRun } from "../child-run.ts";
import type { ComparedRun } from "./comparable.ts";
import { firstOf, type Round } from "./interleave.ts";
import { openRun } from "./open.ts";

/** A run that is INVALID says nothing of its setting: it is driven again, at most so often. */
const MOST_TRIES = 3;

export interface Turns {
  /** Settings as words after `hotshard run`. */
  readonly a: readonly string[];
  readonly b: readonly string[];
  readonly rounds: number;
  /** Folder for the runs: `round-1-a`, `round-1-b`, … */
  readonly out: string;
  readonly signal: AbortSignal;
  /** Before each run: how many of all are done, and what comes. */
  readonly onRun: (done: number, what: string) => void;
  /** @returns why these two cannot be compared; null when they can. Asked after the first round */
  readonly refuse: (a: ComparedRun, b: ComparedRun) => string | null;
}

/** How it went: all rounds that were finished, and why there are no more. */
export interface TurnsTaken {
  readonly rounds: readonly Round[];
  readonly failure: { readonly code: number; readonly words: string } | null;
}

/**
 * Runs both settings in turn. Each run is a process of its own, on a server of its own unless the setting has a --url.
 */
export async function takeTurns(turns: Turns): Promise<TurnsTaken> {
  const rounds: Round[] = [];
  for (let round = 0; round < turns.rounds; round += 1) {
    const first = firstOf(round);
    const runs: Partial<Record<"a" | "b", ComparedRun>> = {};
    for (const side of first === "a" ? (["a", "b"] as const) : (["b", "a"] as const)) {
      const done = 2 * round + (side === first ? 0 : 1);
      const run = await oneRun(turns, round, side, done);
      if (!("series" in run)) return { rounds, failure: run };
      runs[side] = run;
    }
    const { a, b } = runs as Record<"a" | "b", ComparedRun>;
    const words = round === 0 ? turns.refuse(a, b) : null;
    if (words !== null) return { rounds, failure: { code: 2, words } };
    rounds.push({ a, b, first });
  }
  return { rounds, failure: null };
}

async function oneRun(
  turns: Turns,
  round: number,
  side: "a" | "b",
  done: number,
): Promise<ComparedRun | { code: number; words: string }> {
  const folder = join(turns.out, `round-${round + 1}-${side}`);
  for (let attempt = 1; ; attempt += 1) {
    const again = attempt === 1 ? "" : ", again: it was INVALID";
    turns.onRun(done, `round ${round + 1} of ${turns.rounds}, ${side.toUpperCase()}${again}`);
    const { code, words } = await childRun(turns[side], folder, turns.signal);
    if (turns.signal.aborted) return { code: 130, words: "interrupted" };
    // 1 is a threshold or an audit that failed: the run was made, and what it measured counts.
    if (code === 0 || code === 1) return openRun(folder, `${side.toUpperCase()} of round ${round + 1}`);
    if (code !== 3 || attempt === MOST_TRIES) return { code, words };
  }
}
