import { setImmediate } from "node:timers/promises";
import { ConfigError } from "../../../server/config-error.ts";
import { dialogId } from "../../../server/placement/dialog.ts";
import { hashBytes } from "../../../server/placement/hash.ts";
import type { Reading } from "../../whatif/input/format.ts";
import { inputFormat, type InputOptions } from "../../whatif/input/input-options.ts";
import { createInputFaults, type InputFault } from "../../whatif/input/input-faults.ts";
import { createKeyTable } from "../../whatif/key-table.ts";
import { textOf } from "../../whatif/input/row-batch.ts";
import { readRows } from "../../whatif/input/rows.ts";
import { createArrivals } from "../../traffic/poisson.ts";
import { messagesOf } from "../../traffic/asked.ts";
import type { Dials } from "../../traffic/contract.ts";
import { createRandom } from "../../stats/random.ts";
import { createPicker } from "../../stats/sampling.ts";
import { rankDialogs } from "../../traffic/ranked-dialogs.ts";
import { createMoments, MOST_AT_ONCE } from "./moments.ts";
import { nameWriter, type NameWriter } from "./name-writer.ts";
import type { PlanSummary } from "../../traffic/trace/plan-file.ts";
import { createPlanWriter, type PlanWriter } from "./plan-writer.ts";

export interface TraceOrder {
  readonly file: string;
  /** Trace seconds that pass in one second. */
  readonly speed: number;
  readonly dials: Dials;
  /** An empty folder for the plan. */
  readonly folder: string;
  /** Where `dialog,name` goes: which dialog stands for which key of the trace. */
  readonly names: string;
  /** Ends the work. */
  readonly signal?: AbortSignal;
}

export interface CompiledTrace {
  readonly summary: PlanSummary;
  /** Lines that could not be used, or not as they stand. */
  readonly faults: readonly InputFault[];
  /** How the file was read; null when it is empty. */
  readonly reading: Reading | null;
}

/** Messages between two looks at whether somebody wants it to end: some milliseconds of work. */
const LOOK_EVERY = 65_536;
/** Streams of random numbers: none of the lanes' own. */
const STREAM = 0x54_52_43;
const SPREAD_STREAM = STREAM + 1;
const outOfOrder = (): string => "earlier than the line before it: sent with that one. Sort the trace by time";
const cutAt = (endMs: number): string =>
  `later than the ${endMs / 1000} s of the run: it and what follows are left out. Give a longer --duration or ` +
  "more --speed";

/**
 * Turns a trace into a schedule on disk: each key becomes a dialog of its own (told apart by 64 bits of its hash), each
 * row its messages. Without times (counts), dialogs are drawn in proportion to their counts at the rate of the dials.
 *
 * Memory holds the distinct keys, about 40 bytes each, and not the messages; a file may be larger than memory.
 *
 * @throws {ConfigError} as `readRows`; EMPTY_TRACE; TOO_FEW_USERS when the users have fewer dialogs;
 *   TOO_DENSE when a moment has more messages than can be sent; NOT_WRITTEN;
 *   INTERRUPTED
 */
export async function compileTrace(order: TraceOrder): Promise<CompiledTrace> {
  const ranked = rankDialogs(order.dials);
  const writer = createPlanWriter(order.folder, ranked.lanes);
  const names = nameWriter(order.names);
  try {
    return await compileInto(order, ranked, writer, names);
  } finally {
    writer.abandon();
    await names.abandon();
  }
}

async function compileInto(
  order: TraceOrder,
  ranked: ReturnType<typeof rankDialogs>,
  writer: PlanWriter,
  names: NameWriter,
): Promise<CompiledTrace> {
  const { file, dials, speed } = order;
  const faults = createInputFaults(file);
  const keys = createKeyTable();
  const words = new Uint32Array(4);
  const endMs = (dials.warmupS + dials.durationS) * 1000;
  const { lanes } = ranked;
  const sideOf = (index: number) => ranked.at(index % lanes, Math.floor(index / lanes));
  const send = (index: number, at: number): void => {
    const { author: user, to: target } = sideOf(index);
    writer.add(index % lanes, { at, user, do: "send", target });
  };
  const random = createRandom(dials.seed, SPREAD_STREAM).uniform;
  const moments = createMoments({ secondMs: 1000 / speed, endMs, random }, send);
  let first: number | null = null;
  let last = 0;
  let timed = false;
  let work = 0;
  let reading: Reading | null = null;
  const options = { options: optionsOf(dials), onReading: (found: Reading) => void (reading = found) };
  reading: for await (const { keys: texts, counts, times, lines } of readRows(file, faults, options)) {
    await look(order);
    timed ||= times.length > 0;
    for (const [i, text] of texts.entries()) {
      hashBytes(text, 0, words);
      const time = times[i];
      if (time !== undefined) {
        first ??= time;
        const at = (time - first) / speed;
        if (at < last) faults.add("OUT_OF_ORDER", lines[i]!, outOfOrder, false);
        last = Math.max(last, at);
        if (last >= endMs) {
          faults.add("DURATION_CUT", lines[i]!, () => cutAt(endMs));
          break reading;
        }
      }
      const index = keys.indexOf(words[0]!, words[1]!);
      if (keys.isNew()) {
        if (index >= ranked.most) throw tooFewUsers(order, ranked.most);
        const { author, to } = sideOf(index);
        await names.add(dialogId(author, to), textOf(text));
      }
      keys.add(index, counts[i]!);
      const isWhole = time !== undefined && time % 1000 === 0;
      if (timed && !moments.add(index, counts[i]!, last, isWhole)) throw tooDense(file, lines[i]!);
      work += timed ? counts[i]! : 1;
      if (work >= LOOK_EVERY) {
        work = 0;
        await look(order);
      }
    }
  }
  moments.end();
  await names.close();
  if (!timed) await drawMessages(keys, order, send);
  // Counts have no end of their own: the last message comes as chance has it.
  const summary = writer.close(keys.size(), timed ? undefined : endMs);
  if (summary.messages === 0) throw emptyTrace(file, faults.list());
  return { summary, faults: faults.list(), reading };
}

/** What the dials say of the file; an empty one says nothing. */
function optionsOf(dials: Dials): InputOptions {
  const said = (name: string): string => String(dials[name] ?? "");
  const format = said("traceFormat");
  const columns = { key: said("traceKey"), count: said("traceCount"), time: said("traceTime") };
  return {
    prefix: "--trace-",
    ...(format !== "" && { format: inputFormat("--trace-format", format) }),
    ...Object.fromEntries(Object.entries(columns).filter(([, text]) => text !== "")),
  };
}

/** As many messages as the rate asks for, with Poisson arrivals; dialogs in proportion to their counts. */
async function drawMessages(
  keys: ReturnType<typeof createKeyTable>,
  order: TraceOrder,
  add: (index: number, at: number) => void,
): Promise<void> {
  const { seed, warmupS, durationS } = order.dials;
  const size = keys.size();
  if (size === 0) return;
  const counts = Float64Array.from({ length: size }, (_, index) => keys.count(index));
  const total = counts.reduce((sum, count) => sum + count, 0);
  const pick = createPicker(counts.map((count) => count / total));
  const random = createRandom(seed, STREAM);
  const { warmup, measured } = messagesOf(order.dials);
  const [middleMs, endMs] = [warmupS * 1000, (warmupS + durationS) * 1000];
  const early = createArrivals(random, 0, middleMs, warmup);
  const late = createArrivals(random, middleMs, endMs, measured);
  let drawnSoFar = 0;
  for (let at = early() ?? late(); at !== null; at = early() ?? late()) {
    add(pick(random.uniform), at);
    drawnSoFar += 1;
    if (drawnSoFar % LOOK_EVERY === 0) await look(order);
  }
}

/** Signals come in between two pieces of work only. */
async function look({ signal }: TraceOrder): Promise<void> {
  await setImmediate();
  if (signal?.aborted !== true) return;
  throw new ConfigError("INTERRUPTED", "stopped while the trace was read; nothing was sent");
}

function tooFewUsers({ file, dials }: TraceOrder, most: number): ConfigError {
  const what =
    most === 0
      ? `${dials.users} users have no dialogs to play those of ${file}`
      : `${file} names more than ${most} dialogs, and ${dials.users} users have no more`;
  return new ConfigError("TOO_FEW_USERS", `${what}: dialogs grow with the square of --users, so double it`);
}

function tooDense(file: string, line: number): ConfigError {
  const what = `${file} line ${line}: more than ${MOST_AT_ONCE.toLocaleString("en")} messages in one moment`;
  return new ConfigError("TOO_DENSE", `${what}; replay it without its times, as dialog,count`);
}

function emptyTrace(file: string, faults: readonly InputFault[]): ConfigError {
  const [first] = faults;
  const why = first === undefined ? "" : ` (${first.code} at ${first.where}: ${first.message})`;
  return new ConfigError("EMPTY_TRACE", `${file} holds no message that can be sent${why}`);
}
