import type { Logger } from "pino";
import type { Guard } from "../guard.ts";
import type { HotReply } from "../protocol/http.ts";
import type { Exposition } from "./exposition.ts";
import { mergeSummaries, type Summary } from "../statistics/heavy-hitters.ts";
import { createHotDialogs } from "./hot-dialogs.ts";
import { hotThreshold, isHot } from "./hot-threshold.ts";
import { BUCKET_LABELS, bucketOf } from "./key-space.ts";
import { HOT_RANKS } from "./metric-names.ts";
import type { Probe } from "./probe.ts";
import { countersOf, readingOf } from "./series.ts";
import { createTrafficWindow, type WindowSkew } from "./traffic-window.ts";
import { plainHistogram } from "./weighted-histogram.ts";

const WINDOW_S = 10;
/** The hot dialogs are those of the last minute. */
const PANES = 6;
/** Of each pane: a share is too high by at most 1/256. */
const COUNTERS = 256;
const MESSAGE_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000];

/** Watches which dialogs the messages belong to. */
export interface Observer {
  readonly probe: Partial<Probe>;
  /** The most frequent dialogs of the last minute. */
  hot(): HotReply;
  /** The last closed window of ten seconds, or null before there is one. */
  lastWindow(): WindowSkew | null;
  /** Ends the window now, as its timer does. */
  turn(): void;
  stop(): void;
}

interface ObserverParts {
  /** Labels of the shards that new messages may go to. */
  readonly writable: () => readonly string[];
  /** Labels of the shards that may hold the dialog. */
  readonly ownersOf: (dialog: string) => readonly string[];
  readonly exposition: Exposition;
  /** Told each window of ten seconds that has ended. */
  readonly onWindow?: (window: WindowSkew, dialogs: HotReply["dialogs"]) => void;
  /** Gets one line for a window that has hot dialogs. */
  readonly logger: Pick<Logger, "info">;
  readonly guard: Guard;
}

/** Key space, windows and hot dialogs of one server; it closes a window every ten seconds until it is stopped. */
export function createObserver({ exposition, guard, logger, onWindow, ownersOf, writable }: ObserverParts): Observer {
  const buckets = countersOf(
    exposition,
    "chat_key_space_messages_total",
    BUCKET_LABELS.map((bucket) => ({ bucket })),
  );
  const perDialog = plainHistogram(exposition, "chat_dialog_window_messages", MESSAGE_BUCKETS);
  const observe = (messages: number, dialogs: number): void => perDialog.observe(messages, dialogs);
  const soon = (run: () => void): void => void setImmediate(guard("traffic windows", run));
  const window = createTrafficWindow(writable, observe, soon);
  const hot = createHotDialogs(COUNTERS, PANES);
  let last: WindowSkew | null = null;
  registerWindow(exposition, () => last);

  function turn(): void {
    const skew = window.close();
    const summary = hot.turn();
    last = skew;
    const frequent = describe(summary, ownersOf);
    onWindow?.(skew, frequent);
    const dialogs = frequent.filter(isHot(hotThreshold(writable().length)));
    if (dialogs.length === 0) return;
    const { messages, maxOverMean, noiseFloor } = skew;
    logger.info({ event: "hot_dialogs", windowS: WINDOW_S, messages, maxOverMean, noiseFloor, dialogs }, "hot dialogs");
  }

  const timer = setInterval(guard("traffic windows", turn), WINDOW_S * 1_000).unref();
  return {
    probe: {
      placed({ row, shard }) {
        const { dialog } = row!;
        buckets[bucketOf(window.add(shard!.label, dialog))]!++;
        hot.add(dialog);
      },
    },
    hot() {
      // Of the dialogs that the sketch holds most are not named, and `absent` is a promise about those too.
      const summary = mergeSummaries([hot.recent()], HOT_RANKS.length);
      return {
        windowS: WINDOW_S * PANES,
        messages: summary.total,
        absent: summary.absent,
        dialogs: describe(summary, ownersOf),
      };
    },
    lastWindow: () => last,
    turn,
    stop: () => clearInterval(timer),
  };
}

function registerWindow(exposition: Exposition, last: () => WindowSkew | null): void {
  readingOf(exposition, "chat_window_dialogs", () => last()?.dialogs ?? 0);
  readingOf(exposition, "chat_window_max_over_mean", () => last()?.maxOverMean ?? 0);
  readingOf(exposition, "chat_window_cv", () => last()?.cv ?? 0);
  readingOf(exposition, "chat_window_gini", () => last()?.gini ?? 0);
  readingOf(exposition, "chat_window_effective_shards", () => last()?.effectiveShards ?? 0);
  readingOf(exposition, "chat_window_noise_floor", () => last()?.noiseFloor ?? 0);
}

function describe({ heavy, total }: Summary, ownersOf: ObserverParts["ownersOf"]): HotReply["dialogs"] {
  return heavy.slice(0, HOT_RANKS.length).map(({ count, error, key }, index) => ({
    rank: index + 1,
    dialog: key,
    count,
    countError: error,
    share: count / total,
    error: error / total,
    shards: ownersOf(key),
  }));
}

/** An observer that watches nothing: what measuring costs is measured against it. */
export function idleObserver(): Observer {
  const hot: HotReply = { windowS: 0, messages: 0, absent: 0, dialogs: [] };
  return { probe: {}, hot: () => hot, lastWindow: () => null, turn: () => {}, stop: () => {} };
}
