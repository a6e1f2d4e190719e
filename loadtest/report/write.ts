import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { rollup, sum } from "d3-array";
import { ConfigError } from "../../server/placement/contract.ts";
import type { AuditDialogsReply } from "../../server/protocol/http.ts";
import type { Slice } from "../drivers/contract.ts";
import type { PackedHistogram } from "../traffic/packed-histogram.ts";
import { htmlReport } from "./html.ts";
import { junitReport } from "./junit.ts";
import { markdownReport } from "./markdown.ts";
import { parseResult } from "./read.ts";
import type { Result } from "./result.ts";

/** Every file that a run writes into its folder. */
export const RUN_FILES = [
  "result.json",
  "slices.ndjson",
  "dialogs.csv.gz",
  "report.html",
  "report.md",
  "junit.xml",
] as const;

/** What a run leaves behind. */
export interface RunRecord {
  readonly result: Result;
  readonly slices: readonly Slice[];
  readonly dialogs: AuditDialogsReply["dialogs"];
}

/** Written beside and renamed: a reader never sees half a file. */
async function put(folder: string, name: string, content: string | Uint8Array): Promise<void> {
  const draft = join(folder, `.${name}.part`);
  await writeFile(draft, content);
  await rename(draft, join(folder, name));
}

interface DialogCount {
  readonly dialog: string;
  readonly count: number;
}

/** Messages per dialog, heaviest first; the parts of a split dialog are one. */
function byDialog(dialogs: RunRecord["dialogs"]): DialogCount[] {
  const counts = rollup(
    dialogs,
    (parts) => sum(parts, ({ count }) => count),
    ({ dialog }) => dialog,
  );
  return [...counts]
    .map(([dialog, count]) => ({ dialog, count }))
    .sort((a, b) => b.count - a.count || (a.dialog < b.dialog ? -1 : 1));
}

/** `dialog,count` with a header. */
const dialogsCsv = (counts: readonly DialogCount[]): string =>
  ["dialog,count", ...counts.map(({ dialog, count }) => `${dialog},${count}`), ""].join("\n");

async function writeReports(
  folder: string,
  result: Result,
  slices: readonly Slice[],
  counts: readonly DialogCount[],
): Promise<void> {
  await put(
    folder,
    "report.html",
    htmlReport(
      result,
      slices,
      counts.map(({ count }) => count),
    ),
  );
  await put(folder, "report.md", markdownReport(result));
  await put(folder, "junit.xml", junitReport(result));
}

/** Writes a run's folder: `result.json`, `slices.ndjson`, `dialogs.csv.gz`, `report.html`, `report.md`, `junit.xml`. */
export async function writeRun(folder: string, { result, slices, dialogs }: RunRecord): Promise<void> {
  await mkdir(folder, { recursive: true });
  await put(folder, "slices.ndjson", slices.map((slice) => `${JSON.stringify(slice)}\n`).join(""));
  const counts = byDialog(dialogs);
  await put(folder, "dialogs.csv.gz", await promisify(gzip)(dialogsCsv(counts)));
  await put(folder, "result.json", `${JSON.stringify(result, null, 2)}\n`);
  await writeReports(folder, result, slices, counts);
}

async function read(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return null;
    throw error;
  }
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

function parseSlices(text: string, where: string): Slice[] {
  return text.split("\n").flatMap((line, i) => {
    if (line === "") return [];
    let value: unknown = null;
    try {
      value = JSON.parse(line);
    } catch {
      // The check below names the line.
    }
    if (isSlice(value)) return [value];
    throw new ConfigError("BAD_RESULT", `${where} line ${i + 1} is not a slice {second, shard, acked}`);
  });
}

/**
 * Reads a run's folder. Only `result.json` must be there.
 *
 * @throws {ConfigError} NO_RESULT without `result.json`; BAD_RESULT, NEWER_RESULT as `parseResult`
 */
export async function readRun(folder: string): Promise<{ result: Result; slices: Slice[] }> {
  const file = join(folder, "result.json");
  const text = await read(file);
  if (text === null) throw new ConfigError("NO_RESULT", `no ${file}: give the folder of a run`);
  const where = join(folder, "slices.ndjson");
  const slices = await read(where);
  return {
    result: parseResult(text.toString("utf8"), file),
    slices: slices === null ? [] : parseSlices(slices.toString("utf8"), where),
  };
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

/** `hotshard report DIR`: makes `report.html`, `report.md` and `junit.xml` again from what the folder holds. */
export async function rewriteReports(folder: string): Promise<Result> {
  const { result, slices } = await readRun(folder);
  await writeReports(folder, result, slices, (await readDialogs(folder)) ?? []);
  return result;
}
