import { lstat, mkdir, readdir, readFile, rmdir, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ConfigError } from "../../server/config-error.ts";
import { checkResult } from "../analysis/result/read.ts";
import type { Result } from "../analysis/result/result.ts";
import { RUN_FILES } from "../report/write.ts";
import { SERVER_METRICS } from "./server-metrics/sampler.ts";
import { SERVER_LOG } from "./server-log.ts";
import { NAMES_FILE } from "./trace/prepare.ts";
import { isObject } from "../whatif/input/json-row.ts";
import { makeFolder } from "../system/make-folder.ts";

/** A folder that a run has written. */
export interface RunFolder {
  /** Inside the folder that was searched: `2026-11-22-lady-gaga`, `2026-11-22-demo/3-lady-gaga-slots`. */
  readonly name: string;
  readonly path: string;
  /** Whether this hotshard reads its result; if not, `verdict` says why. */
  readonly readable: boolean;
  /** Null, as the figures are, when it cannot be read. */
  readonly id: string | null;
  /** ISO 8601 UTC; of a run that cannot be read when its result was written. */
  readonly startedAt: string;
  readonly scenario: string | null;
  readonly driver: string | null;
  readonly verdict: "VALID" | "INVALID" | "interrupted" | "newer hotshard" | "unreadable";
  readonly maxOverMean: number | null;
  readonly messages: number | null;
  readonly bytes: number;
}

/** What a run may leave: its record, what the preparation of its story made, and what its server said and measured. */
const FILES = [...RUN_FILES, NAMES_FILE, SERVER_LOG, SERVER_METRICS];

/** Runs lie in the folder, or one deeper, as those of a demo do. */
const DEPTH = 2;

/**
 * Makes a folder for a run, named after the moment and the scenario; another run of the same second has one of its own.
 *
 * @returns its path; not made where nothing can be made, which the run then says
 */
export async function freshFolder(folder: string, scenario: string, now: Date): Promise<string> {
  const path = join(folder, `${now.toISOString().slice(0, 19).replaceAll(":", "-")}-${scenario}`);
  for (let number = 1; ; number += 1) {
    const free = number === 1 ? path : `${path}-${number}`;
    try {
      await makeFolder(folder);
      await mkdir(free);
      return free;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST") || (await kindOf(free)) === null) {
        return path;
      }
    }
  }
}

/**
 * Every run in a folder, the newest first, also those that this hotshard cannot read. What is no run is passed over,
 * and links are not followed.
 *
 * @throws {ConfigError} NO_RUNS when there is no such folder
 */
export async function findRuns(folder: string): Promise<RunFolder[]> {
  if ((await kindOf(folder)) !== "folder") {
    throw new ConfigError("NO_RUNS", `there is no folder ${folder}; name another with --dir, or do a run first`);
  }
  const found = await search(folder, "", DEPTH);
  return found.sort((a, b) => (a.startedAt < b.startedAt ? 1 : a.startedAt > b.startedAt ? -1 : 0));
}

async function kindOf(path: string): Promise<"folder" | "file" | null> {
  const found = await lstat(path).catch(() => null);
  if (found === null) return null;
  return found.isDirectory() ? "folder" : found.isFile() ? "file" : null;
}

async function search(folder: string, prefix: string, depth: number): Promise<RunFolder[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found: RunFolder[] = [];
  for (const entry of entries.filter((one) => one.isDirectory())) {
    const path = join(folder, entry.name);
    const name = join(prefix, entry.name);
    const run = await readRunFolder(path, name);
    if (run !== null) found.push(run);
    else if (depth > 1) found.push(...(await search(path, name, depth - 1)));
  }
  return found;
}

type Read = Result | "newer hotshard" | "unreadable";

/** @returns null when it is another program's: JSON, and no result of hotshard of whatever version */
function resultIn(text: string): Read | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "unreadable";
  }
  if (!isObject(value) || typeof value["hotshard"] !== "string" || typeof value["version"] !== "number") return null;
  try {
    return checkResult(value, "result.json");
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.code === "NEWER_RESULT" ? "newer hotshard" : "unreadable";
  }
}

async function readRunFolder(path: string, name: string): Promise<RunFolder | null> {
  const file = join(path, "result.json");
  if ((await kindOf(file)) !== "file") return null;
  const read = await readFile(file, "utf8").then(resultIn, () => "unreadable" as const);
  if (read === null) return null;
  const folder = { name, path, bytes: await sizeOf(path) };
  if (typeof read === "string") {
    const startedAt = (await lstat(file)).mtime.toISOString();
    const nothing = { id: null, scenario: null, driver: null, maxOverMean: null, messages: null };
    return { ...folder, ...nothing, readable: false, startedAt, verdict: read };
  }
  const { run, verdict, skew, traffic } = read;
  return {
    ...folder,
    readable: true,
    id: run.id,
    startedAt: run.startedAt,
    scenario: run.scenario,
    driver: run.driver,
    verdict: run.interrupted ? "interrupted" : verdict.status,
    maxOverMean: skew.maxOverMean,
    messages: traffic.acked,
  };
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const file of FILES) bytes += (await lstat(join(folder, file)).catch(() => null))?.size ?? 0;
  return bytes;
}

/**
 * Deletes what a run writes, and its folder when nothing else is in it, and the demo's when this was its last run.
 *
 * @returns what is not a run's, for which the folder stays
 */
export async function removeRun(run: RunFolder): Promise<string[]> {
  for (const file of FILES) {
    if ((await kindOf(join(run.path, file))) === "file") await unlink(join(run.path, file));
  }
  const kept = await readdir(run.path);
  if (kept.length === 0) await rmdir(run.path);
  const parent = dirname(run.path);
  if (dirname(run.name) !== "." && (await readdir(parent)).length === 0) await rmdir(parent);
  return kept;
}
