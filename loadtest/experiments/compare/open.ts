import { eachSlice, readDialogs, readResult } from "../../report/run-folder.ts";
import type { ComparedRun } from "./comparable.ts";
import type { DialogCounts } from "./hot-dialogs.ts";
import { createSeries } from "../../analysis/slices/series.ts";

/** A run's folder as a comparison needs it. @throws {ConfigError} as `readResult`, `eachSlice` and `readDialogs` */
export async function openRun(
  folder: string,
  name: string,
): Promise<ComparedRun & { readonly dialogs: DialogCounts | null }> {
  const result = await readResult(folder);
  const maker = createSeries(result);
  const [dialogs] = await Promise.all([readDialogs(folder), eachSlice(folder, (slice) => maker.add(slice))]);
  return { name, result, series: maker.series(), dialogs };
}
