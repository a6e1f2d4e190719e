import type { EarlyStop, StopWhen } from "../analysis/result/run-evidence.ts";
import { earlyStop, type Outlook } from "../analysis/thresholds/early-stop.ts";
import type { Threshold } from "../analysis/thresholds/threshold.ts";
import type { DriveOrder } from "../drivers/contract.ts";
import { askedOf, messagesOf } from "../traffic/asked.ts";
import type { Dials, Story } from "../traffic/contract.ts";

/** Between two looks of `lost`, s: as soon as it is so. */
const LOST_EVERY_S = 1;
/** Looks of `known`: each makes all intervals wider, and reads all slices. */
const KNOWN_LOOKS = 10;

/** Looks at a run while it goes on, and ends its schedule when nothing more is to be learned. */
export interface Watch {
  /** For the driver. */
  readonly order: Pick<DriveOrder, "watch" | "cut">;
  /** Why it was ended; null: it was not. */
  decision(): EarlyStop | null;
}

/** @param when null: the run goes on to its end */
export function createWatch(
  when: StopWhen | null,
  thresholds: readonly Threshold[],
  story: Story | undefined,
  dials: Dials,
): Watch {
  if (when === null || story === undefined) return { order: {}, decision: () => null };
  const everyS = when === "lost" ? LOST_EVERY_S : Math.max(LOST_EVERY_S, dials.durationS / KNOWN_LOOKS);
  const looks = Math.ceil(dials.durationS / everyS) + 1;
  const outlook = { dials, looks, ...mostMessages(story, dials) };
  const cut = new AbortController();
  let decision: EarlyStop | null = null;
  return {
    order: {
      cut: cut.signal,
      watch: {
        everyS,
        onMeasured(soFar, elapsedS) {
          decision ??= earlyStop(when, thresholds, soFar, outlook, elapsedS);
          if (decision !== null) cut.abort();
        },
      },
    },
    decision: () => decision,
  };
}

/** At most so many; of a closed model, and of a pace whose number is left to chance, nobody knows. */
function mostMessages(story: Story, dials: Dials): Pick<Outlook, "measured" | "all"> {
  const { expected, expectedIsExact = false } = story;
  const all = expected === undefined || expectedIsExact ? askedOf(story, dials)?.messages : undefined;
  if (all === undefined) return { measured: Infinity, all: Infinity };
  return { all, measured: expected === undefined ? messagesOf(dials).measured : all };
}
