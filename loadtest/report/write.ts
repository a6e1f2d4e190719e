import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { rollup, sum } from "d3-array";
import type { AuditDialogsReply } from "../../server/protocol/http.ts";
import type { HistogramData } from "../measurement/histogram.ts";
import type { Slice } from "../measurement/measurement.ts";
import type { DialogCount } from "../analysis/skew/what-if.ts";
import { percentileSpectrum } from "./percentile-spectrum.ts";
import { eachSlice, readDialogs, readResult } from "./run-folder.ts";
import { htmlReport, junitReport, markdownReport } from "./reports.ts";
import type { Result } from "../analysis/result/result.ts";
import { makeFolder } from "../system/make-folder.ts";

/** Every file that a run writes into its folder. */
export const RUN_FILES = [
  "result.json",
  "slices.ndjson",
  "dialogs.csv.gz",
  "report.html",
  "report.md",
  "junit.xml",
  "delivery.hgrm",
  "service.hgrm",
] as const;

/** What a run leaves behind. */
export interface RunRecord {
  readonly result: Result;
  readonly slices: readonly Slice[];
  readonly dialogs: AuditDialogsReply["dialogs"];
  /** Of the measured phase, over all shards; absent: nobody knows more than the result does. */
  readonly latency?: { readonly delivery: HistogramData; readonly service: HistogramData };
}

/** Written beside and renamed: a reader never sees half a file. */
async function put(folder: string, name: string, content: string | Uint8Array): Promise<void> {
  const draft = join(folder, `.${name}.part`);
  await writeFile(draft, content);
  await rename(draft, join(folder, name));
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

/** Writes a run's folder: the files of `RUN_FILES`. */
export async function writeRun(folder: string, { result, slices, dialogs, latency }: RunRecord): Promise<void> {
  await makeFolder(folder);
  await put(folder, "slices.ndjson", slices.map((slice) => `${JSON.stringify(slice)}\n`).join(""));
  const counts = byDialog(dialogs);
  await put(folder, "dialogs.csv.gz", await promisify(gzip)(dialogsCsv(counts)));
  if (latency !== undefined) {
    await put(folder, "delivery.hgrm", percentileSpectrum("delivery", latency.delivery, result));
    await put(folder, "service.hgrm", percentileSpectrum("service", latency.service, result));
  }
  await put(folder, "result.json", `${JSON.stringify(result, null, 2)}\n`);
  await writeReports(folder, result, slices, counts);
}

/** `hotshard report DIR`: makes `report.html`, `report.md` and `junit.xml` again from what the folder holds. */
export async function rewriteReports(folder: string): Promise<Result> {
  const result = await readResult(folder);
  const slices: Slice[] = [];
  await eachSlice(folder, (slice) => slices.push(slice));
  await writeReports(folder, result, slices, (await readDialogs(folder)) ?? []);
  return result;
}
