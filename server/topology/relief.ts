import { ConfigError } from "../config-error.ts";
import type { Segment } from "../placement/contract.ts";
import type { ChangeReply, ChangeRequest } from "../protocol/shards.ts";
import { asError, type Tell } from "./event.ts";
import { writableShards } from "./segment-edits.ts";

/** What is done about dialogs that are too hot for one shard: nothing, a line in the log, or a pin or split. */
export const RELIEF_MODES = ["off", "advise", "auto"] as const;
export type ReliefMode = (typeof RELIEF_MODES)[number];

/** Traffic of ten seconds. */
export interface HotWindow {
  readonly messages: number;
  readonly maxOverMean: number;
  /** The most frequent dialogs; `share` of all messages, at least `share − error`. */
  readonly dialogs: readonly HotShare[];
}

export interface HotShare {
  readonly dialog: string;
  /** Messages: at most so many, and at least `countError` fewer. */
  readonly count: number;
  readonly countError: number;
  readonly share: number;
  readonly error: number;
  /** Labels of the shards that may hold it. */
  readonly shards: readonly string[];
}

/** Pins or splits hot dialogs, and merges them again. */
export interface Relief {
  /** One window more. Resolves when what follows from it is done. */
  window(window: HotWindow): Promise<void>;
}

export interface ReliefParts {
  readonly mode: ReliefMode;
  readonly isHot: (dialog: HotShare) => boolean;
  readonly newest: () => Segment;
  readonly change: (body: { change: ChangeRequest; dryRun?: boolean }) => Promise<ChangeReply>;
  readonly tell: Tell;
}

/** Max/mean that relief aims at. */
const TARGET = 1.25;
/** Shares are sums of floats. */
const ROUNDING = 1e-9;
/** A dialog is hot for so many windows before anything is done, and cool for so many before that is undone. */
const HOT_WINDOWS = 3;
const COOL_WINDOWS = 10;

interface Watched {
  hot: number;
  cool: number;
}

/**
 * Counts windows, so that a burst does nothing and a change stays for a while. Only what it did itself, since this
 * process started, is undone: an operator's pins and splits stay.
 */
export function createRelief({ change, isHot, mode, newest, tell }: ReliefParts): Relief {
  const watched = new Map<string, Watched>();
  const own = new Set<string>();
  const told = new Set<string>();

  async function window({ dialogs, maxOverMean }: HotWindow): Promise<void> {
    if (mode === "off") return;
    const hot = new Map(dialogs.filter(isHot).map((one) => [one.dialog, one]));
    for (const dialog of new Set([...watched.keys(), ...hot.keys()])) count(dialog, hot.has(dialog));
    for (const [dialog, one] of hot) {
      if (watched.get(dialog)!.hot < HOT_WINDOWS) continue;
      const wanted = reliefOf(one, newest());
      if (wanted !== null) await act(dialog, wanted, maxOverMean);
    }
    for (const dialog of own) {
      if ((watched.get(dialog)?.cool ?? 0) >= COOL_WINDOWS) await act(dialog, { do: "merge", dialog }, maxOverMean);
    }
  }

  function count(dialog: string, isHotNow: boolean): void {
    const before = watched.get(dialog) ?? { hot: 0, cool: 0 };
    watched.set(dialog, isHotNow ? { hot: before.hot + 1, cool: 0 } : { hot: 0, cool: before.cool + 1 });
    if (!isHotNow && before.cool + 1 > COOL_WINDOWS && !own.has(dialog)) watched.delete(dialog);
  }

  async function act(dialog: string, wanted: ChangeRequest, before: number): Promise<void> {
    const words = wordsOf(wanted);
    if (mode === "advise" && told.has(words)) return;
    try {
      const { forecast } = await change({ change: wanted, dryRun: mode === "advise" });
      const text = `${words}: max/mean ${before.toFixed(2)}, forecast ${forecast.maxOverMean.after.toFixed(2)}`;
      if (mode === "advise") {
        told.add(words);
        tell({ level: "info", text: `hot dialog: \`hotshard shards ${text.replace(":", "`:")}` });
        return;
      }
      if (wanted.do === "merge") own.delete(dialog);
      else own.add(dialog);
      watched.set(dialog, { hot: 0, cool: 0 });
      tell({ level: "info", text: `hot dialog: ${text}` });
    } catch (error) {
      if (error instanceof ConfigError && error.code === "NOTHING_TO_DO") return;
      tell({ level: "warn", text: `hot dialog: ${words} could not be done`, error: asError(error) });
    }
  }

  return { window };
}

/**
 * A hot dialog with share p of the messages on N shards makes max/mean N·p at least, wherever it is pinned. Up to 1 a
 * pin helps, which gives its shard that much less of the rest; above, only a split over k shards does, and makes it 1 +
 * p·(N/k − 1).
 *
 * @returns null when what it has is what it needs
 */
export function reliefOf({ dialog, share, shards }: HotShare, newest: Segment): ChangeRequest | null {
  const count = writableShards(newest).length;
  if (count < 2) return null;
  const now = newest.overrides.find((override) => override.dialog === dialog);
  if (count * share <= 1) {
    if (now !== undefined) return null;
    const shard = shards.find((label) => writableShards(newest).includes(label));
    return shard === undefined ? null : { do: "pin", dialog, shard, share };
  }
  const parts = Math.min(count, Math.max(2, Math.ceil((share * count) / (TARGET - 1 + share) - ROUNDING)));
  const has = now?.action === "split" ? now.shards.length : 1;
  return parts > has ? { do: "split", dialog, parts } : null;
}

function wordsOf(change: ChangeRequest): string {
  if (change.do === "pin") return `pin ${change.dialog} ${change.shard}`;
  if (change.do === "split") return `split ${change.dialog} --parts ${change.parts}`;
  return `${change.do} ${"dialog" in change ? change.dialog : ""}`.trim();
}
