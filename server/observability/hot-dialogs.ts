import { mergeSummaries, type Summary } from "../statistics/heavy-hitters.ts";
import { createSpaceSaving } from "../statistics/space-saving.ts";

/** The most frequent dialogs of a window that slides in steps. */
export interface HotDialogs {
  add(dialog: string): void;
  /** The last panes together, the one that fills included. */
  recent(): Summary;
  /** Ends the pane that fills, forgets the oldest one, and begins another. @returns the pane that ended */
  turn(): Summary;
}

/**
 * @param counters of each pane: in a pane of n messages no count is too high by more than n / counters
 * @param panes that the window holds, the one that fills included, at least 1
 */
export function createHotDialogs(counters: number, panes: number): HotDialogs {
  let filling = createSpaceSaving(counters);
  const past: Summary[] = [];
  return {
    add: (dialog) => filling.add(dialog),
    recent: () => mergeSummaries([...past, filling.summary()], counters),
    turn() {
      const ended = filling.summary();
      filling = createSpaceSaving(counters);
      past.push(ended);
      if (past.length >= panes) past.shift();
      return ended;
    },
  };
}
