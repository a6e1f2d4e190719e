import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium, type Browser } from "playwright-core";
import { CHROMIUM } from "../../tools/stack/programs.ts";
import { need } from "./need.ts";

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Path of a Chromium: `HOTSHARD_CHROMIUM`, else the first on the PATH; null when there is none. */
function findChromium(): string | null {
  const named = process.env["HOTSHARD_CHROMIUM"];
  if (named !== undefined && named !== "") return isExecutable(named) ? named : null;
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.flatMap((folder) => CHROMIUM.map((name) => join(folder, name))).find(isExecutable) ?? null;
}

/** For node:test's `skip`: false when there is a Chromium, else the reason. */
export const needChromium = (): false | string =>
  need("chromium", findChromium(), "apt-get install chromium, or set HOTSHARD_CHROMIUM");

/** Far above what anything takes on a busy machine: it turns a hang into a failure that names what did not come. */
export const HANG_MS = 120_000;

/** A headless browser that talks to nobody on its own; close it. */
export function startChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error("no chromium");
  return chromium.launch({
    executablePath,
    timeout: HANG_MS,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-extensions"],
  });
}
