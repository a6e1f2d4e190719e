import { readDialogs, readRun } from "../report/write.ts";
import type { ComparedRun } from "./comparable.ts";
import type { DialogCounts } from "./hot-dialogs.ts";
import { seriesOf } from "./series.ts";

/** A run's folder as a comparison needs it. @throws {ConfigError} as `readRun` and `readDialogs` */
export async function openRun(
  folder: string,
  name: string,
): Promise<ComparedRun & { readonly dialogs: DialogCounts | null }> {
  const [{ result, slices }, dialogs] = await Promise.all([readRun(folder), readDialogs(folder)]);
  return { name, result, series: seriesOf(result, slices), dialogs };
}
