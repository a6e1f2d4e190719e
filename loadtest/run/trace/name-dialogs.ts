import { createReadStream, existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import type { Result } from "../../analysis/result/result.ts";
import { NAMES_FILE } from "./prepare.ts";

/**
 * Gives the hot dialogs of a replayed trace the names that the trace has for them; of every other run nothing changes.
 */
export async function nameDialogs(result: Result, folder: string): Promise<Result> {
  const file = join(folder, NAMES_FILE);
  if (result.run.scenario !== "trace" || !existsSync(file)) return result;
  const advised = result.advice.flatMap(({ dialog }) => dialog ?? []);
  const wanted = new Set([...result.hotDialogs.map(({ dialog }) => dialog), ...advised]);
  const names = new Map<string, string>();
  for await (const line of createInterface(createReadStream(file).pipe(createGunzip()))) {
    const dialog = line.slice(0, line.indexOf(","));
    if (wanted.has(dialog)) names.set(dialog, unquoted(line.slice(dialog.length + 1)));
    if (names.size === wanted.size) break;
  }
  const hotDialogs = result.hotDialogs.map((row) => {
    const name = names.get(row.dialog);
    return name === undefined ? row : { ...row, name };
  });
  const advice = result.advice.map((row) => {
    const name = names.get(row.dialog ?? "");
    return name === undefined ? row : { ...row, text: row.text.replace(row.dialog!, () => `${name} (${row.dialog})`) };
  });
  return { ...result, hotDialogs, advice };
}

function unquoted(field: string): string {
  return field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field;
}
