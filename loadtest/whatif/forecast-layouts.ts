import { maxOverMean } from "../../server/statistics/skew.ts";
import { ConfigError } from "../../server/config-error.ts";
import { placeMinute, worstMinute, type PlacedMinute } from "./minutes.ts";
import { noiseFloor } from "../analysis/skew/noise-floor.ts";
import {
  compileLayouts,
  equalShards,
  hashKeys,
  shardsOf,
  type Layout,
  type PlacedKeys,
} from "../analysis/skew/place-keys.ts";
import { candidates, outgrownRanges } from "../analysis/skew/what-if.ts";
import { rankCurve } from "../stats/rank-curve.ts";
import type { Reading } from "./input/format.ts";
import type { InputFaults } from "./input/input-faults.ts";
import type { RowBatch } from "./input/row-batch.ts";
import { numbersOfAll } from "./key-numbers.ts";
import type { KeyTable } from "./key-table.ts";
import type { Pairs } from "./pairs.ts";
import { byLayout, placeAll } from "./place-by-time.ts";
import { tally, type Tally } from "./tally.ts";
import type { WhatIf, WhatIfRow } from "../analysis/result/what-if.ts";
import { adviceOf } from "./advice.ts";

/** What is to be forecast, and from what. */
export interface WhatIfOrder {
  /** Version of hotshard that answers. */
  readonly hotshard: string;
  readonly name: string;
  readonly kind: WhatIf["input"]["kind"];
  readonly rows: AsyncIterable<RowBatch>;
  readonly faults: InputFaults;
  /** Called when all rows were read: how; absent for what is no file. */
  readonly reading?: () => Reading | null;
  /** Its pins and splits, in words, are left out of every layout. */
  readonly today: {
    readonly placement: string;
    readonly shards: number;
    readonly assumed: boolean;
    readonly overrides: readonly string[];
  };
  /** Placements beside the registry's. */
  readonly placements: readonly string[];
  readonly sizes: readonly number[] | undefined;
  readonly target: number;
  readonly command: string;
  /** Told of each step, in words. */
  readonly onProgress: (words: string) => void;
}

/** Heaviest keys that are listed. */
const LISTED = 10;
/** Neighbouring points of the rank-size curve differ by this factor. */
const STEP = 1.1;

/**
 * Reads the keys, places them by every layout, and says what to do.
 *
 * @throws {ConfigError} NO_MESSAGES when nothing was counted, BAD_INPUT when most lines cannot be used; what reading
 *   throws
 */
export async function forecastLayouts(order: WhatIfOrder): Promise<WhatIf> {
  const { today, target } = order;
  const known = candidates(today, order.placements, order.sizes);
  const now: Layout = { placement: today.placement, shards: equalShards(today.shards) };
  const minutes: PlacedMinute[] = [];
  const compiled = compileLayouts([now, ...known]);
  const widths = new Set(compiled.flatMap(({ placement }) => (placement.byTime ? placement.bucketMs : [])));
  const counted = await tally(
    order.rows,
    order.faults,
    (window) => {
      minutes.push(placeMinute(known, compiled.slice(1), compiled[0]!, window));
    },
    [...widths],
  );
  refuseUseless(order, counted);
  const layouts = [...known, ...outgrownRanges(numbersOfAll(order.name, counted.table, compiled), known)];
  order.onProgress(`placing ${counted.table.size()} keys by ${layouts.length} layouts`);
  const pairsOf = byLayout(compiled, counted, order.faults);
  const placed = await placeAll(
    counted,
    layouts,
    now,
    layouts.map((_, i) => pairsOf[i + 1] ?? null),
  );
  const ranked = rankedCounts(counted.table);
  const rows = rowsOf(layouts, placed, counted.table.size(), minutes);
  const at = rows.findIndex(({ placement, shards }) => placement === today.placement && shards === today.shards);
  return {
    version: 2,
    hotshard: order.hotshard,
    input: inputOf(order, counted),
    today: todayOf(order, rows[at]!, placed[at]!, counted, pairsOf[0] ?? null),
    target,
    rows,
    topDialogs: topOf(counted, now, pairsOf[0] ?? null),
    popularity: rankCurve(ranked, counted.messages, STEP),
    advice: adviceOf(target, counted, now, pairsOf[0] ?? null),
    command: order.command,
  };
}

const ONE_KEY =
  "from here on every message has the same key: every placement puts them on one shard, and only a split helps";

/** A picture, say, has a few lines that could be keys. */
function refuseUseless({ name, faults }: WhatIfOrder, { messages, rows, table, top }: Tally): void {
  const lost = faults.list().filter((fault) => fault.lost);
  const why = lost
    .toSorted((a, b) => b.lines - a.lines)
    .map(({ code, where, message, lines }) => {
      const many = lines === 1 ? "" : ` (${lines} lines)`;
      return `; ${code}: ${where}: ${message}${many}`;
    })
    .join("");
  if (messages === 0) throw new ConfigError("NO_MESSAGES", `${name} holds no messages${why}`);
  if (lost.reduce((sum, { lines }) => sum + lines, 0) > rows) {
    throw new ConfigError("BAD_INPUT", `most lines of ${name} cannot be used${why}`);
  }
  if (table.size() === 1) faults.add("ONE_KEY", 1, () => ONE_KEY, false);
  const [heaviest] = top;
  if (table.size() > 2 && heaviest!.count * 2 === messages && TOTAL.test(heaviest!.dialog)) {
    throw new ConfigError(
      "TOTAL_ROW",
      `${name}: the key ${JSON.stringify(heaviest!.dialog)} has as many messages as all others together: ` +
        "leave the line of totals out",
    );
  }
}

/** What a line of totals is called, as by wc and by spreadsheets. */
const TOTAL = /^\s*(?:(?:grand |sub)?total|sum|all|gesamt\w*|insgesamt)\s*:?\s*$/iu;

/** Messages per key, heaviest first. */
function rankedCounts(table: KeyTable): Float64Array {
  const counts = new Float64Array(table.size());
  let at = 0;
  for (const block of table.blocks()) {
    counts.set(block.counts.subarray(0, block.size), at);
    at += block.size;
  }
  return counts.sort().reverse();
}

function inputOf(order: WhatIfOrder, counted: Tally): WhatIf["input"] {
  const { span } = counted;
  return {
    name: order.name,
    kind: span !== null && order.kind === "counts" ? "trace" : order.kind,
    messages: counted.messages,
    dialogs: counted.table.size(),
    topShare: counted.top[0]!.count / counted.messages,
    span: span === null ? null : { from: moment(span.fromMs), to: moment(span.toMs) },
    readAs: order.kind === "run" ? null : (order.reading?.() ?? null),
    leftOut: leftOutOf(order.faults, counted.rows),
    faults: order.faults.list(),
  };
}

/** What the end of a file that was cut would have held is not known. */
const UNKNOWN_LOSS = new Set(["GZIP_CUT", "GZIP_BROKEN"]);

function leftOutOf(faults: InputFaults, used: number): WhatIf["input"]["leftOut"] {
  const lost = faults.list().filter((fault) => fault.lost);
  if (lost.length === 0) return null;
  const lines = lost.reduce((sum, fault) => sum + (UNKNOWN_LOSS.has(fault.code) ? 0 : fault.lines), 0);
  return { lines, share: lines / (lines + used), more: lost.some(({ code }) => UNKNOWN_LOSS.has(code)) };
}

/** Times of a trace that counts from 0 are no dates. */
function moment(ms: number): string {
  return ms < 1e11 ? `${(ms / 1_000).toFixed(0)} s` : new Date(ms).toISOString();
}

function todayOf(
  { today }: WhatIfOrder,
  { maxOverMean: ratio }: WhatIfRow,
  { loads }: PlacedKeys,
  counted: Tally,
  pairs: Pairs | null,
): WhatIf["today"] {
  const thrown = pairs?.table() ?? counted.table;
  const { mean, p99 } = noiseFloor(thrown.size(), today.shards);
  return {
    placement: today.placement,
    shards: today.shards,
    assumed: today.assumed,
    overrides: [...today.overrides],
    maxOverMean: ratio,
    shares: Array.from(loads, (load) => load / counted.messages),
    noiseFloor: { mean, p99 },
    ...(pairs !== null && { pairs: thrown.size() }),
  };
}

function rowsOf(
  layouts: readonly Layout[],
  placed: readonly PlacedKeys[],
  keys: number,
  minutes: readonly PlacedMinute[],
): WhatIfRow[] {
  return layouts.map(({ placement, name = placement, shards: { length: shards } }, i) => {
    const { loads, moved } = placed[i]!;
    const ratio = maxOverMean(loads);
    const worst = worstMinute(minutes, i, shards);
    return {
      placement: name,
      shards,
      maxOverMean: ratio,
      effectiveShards: shards / ratio,
      movedFromToday: moved / keys,
      worstMinute: worst === null ? null : worstOf(worst),
    };
  });
}

function worstOf({ startMs, ...minute }: NonNullable<ReturnType<typeof worstMinute>>): WhatIfRow["worstMinute"] {
  return { at: moment(startMs), ...minute };
}

function topOf({ top, messages }: Tally, now: Layout, pairs: Pairs | null): WhatIf["topDialogs"] {
  const listed = top.slice(0, LISTED);
  const shards = shardsOf(compileLayouts([now])[0]!, hashKeys(listed));
  return listed.map(({ dialog, count }, i) => ({
    rank: i + 1,
    dialog,
    share: count / messages,
    shard: pairs === null ? now.shards[shards[i]!]!.label : "by time",
  }));
}
