import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { ConfigError } from "../../server/config-error.ts";
import type { Slice } from "../measurement/measurement.ts";
import type { PackedHistogram } from "../measurement/packed-histogram.ts";
import type { DialogCount } from "../analysis/skew/what-if.ts";
import { parseResult } from "../analysis/result/read.ts";
import type { Result } from "../analysis/result/result.ts";

async function read(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return null;
    throw error;
  }
}

/**
 * The result of a run's folder.
 *
 * @throws {ConfigError} NO_RESULT without `result.json`; BAD_RESULT, NEWER_RESULT as `parseResult`
 */
export async function readResult(folder: string): Promise<Result> {
  const file = join(folder, "result.json");
  const text = await read(file);
  if (text === null) throw new ConfigError("NO_RESULT", `no ${file}: give the folder of a run`);
  return parseResult(text.toString("utf8"), file);
}

/**
 * The slices of a run's folder, one by one in the order of the file; none without `slices.ndjson`.
 *
 * @throws {ConfigError} BAD_RESULT with the line that is not a slice; those before it were taken
 */
export async function eachSlice(folder: string, take: (slice: Slice) => void): Promise<void> {
  const where = join(folder, "slices.ndjson");
  const text = (await read(where))?.toString("utf8") ?? "";
  for (let [line, start] = [1, 0]; start < text.length; line += 1) {
    const found = text.indexOf("\n", start);
    const end = found < 0 ? text.length : found;
    if (end > start) take(parseSlice(text.slice(start, end), where, line));
    start = end + 1;
  }
}

function parseSlice(text: string, where: string, line: number): Slice {
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch {
    // The check below names the line.
  }
  if (isSlice(value)) return value;
  throw new ConfigError("BAD_RESULT", `${where} line ${line} is not a slice {second, shard, acked}`);
}

function isSlice(value: unknown): value is Slice {
  if (typeof value !== "object" || value === null) return false;
  if (!("second" in value && "acked" in value && "shard" in value)) return false;
  if (!(Number.isFinite(value.second) && Number.isFinite(value.acked) && typeof value.shard === "string")) return false;
  if ("seconds" in value && !(Number.isInteger(value.seconds) && Number(value.seconds) > 0)) return false;
  return ["warmup", "delivery", "commit"].every(
    (name) => !Object.hasOwn(value, name) || isPacked(Reflect.get(value, name)),
  );
}

function isPacked(value: unknown): value is PackedHistogram {
  if (typeof value !== "object" || value === null) return false;
  if (!("sum" in value && "max" in value && "counts" in value && Array.isArray(value.counts))) return false;
  if (!(Number.isFinite(value.sum) && Number.isFinite(value.max) && value.counts.length % 2 === 0)) return false;
  // An hour on 64 shards has millions of them: no call for each.
  for (const entry of value.counts) if (!(entry > 0 && entry % 1 === 0)) return false;
  return true;
}

/**
 * Messages per dialog of a run, heaviest first; null when the folder has no `dialogs.csv.gz`.
 *
 * @throws {ConfigError} BAD_RESULT when the file is not what `writeRun` wrote
 */
export async function readDialogs(folder: string): Promise<DialogCount[] | null> {
  const where = join(folder, "dialogs.csv.gz");
  const packed = await read(where);
  if (packed === null) return null;
  let text: string;
  try {
    text = (await promisify(gunzip)(packed)).toString("utf8");
  } catch (error) {
    throw new ConfigError("BAD_RESULT", `${where} cannot be unpacked: ${String(error)}`);
  }
  return text.split("\n").flatMap((line, i) => {
    if (line === "" || i === 0) return [];
    const [, dialog, count] = /^([^,]+),(\d+)$/.exec(line) ?? [];
    if (dialog === undefined) throw new ConfigError("BAD_RESULT", `${where} line ${i + 1} is not dialog,count`);
    return [{ dialog, count: Number(count) }];
  });
}
