import { lstat, mkdir, readdir, readFile, rmdir, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ConfigError } from "../server/placement/contract.ts";
import { RUN_FILES } from "./report/write.ts";
import { NAMES_FILE } from "./trace/prepare.ts";

/** A folder that a run has written. */
export interface RunFolder {
  /** Inside the folder that was searched: `2026-11-22-lady-gaga`, `2026-11-22-demo/3-lady-gaga-slots`. */
  readonly name: string;
  readonly path: string;
  readonly id: string;
  /** ISO 8601 UTC. */
  readonly startedAt: string;
  readonly scenario: string;
  readonly driver: string;
  /** VALID or INVALID; interrupted runs say so. */
  readonly verdict: string;
  readonly maxOverMean: number | null;
  readonly messages: number;
  readonly bytes: number;
}

/** What a run may leave: its record, and what the preparation of its story made. */
const FILES = [...RUN_FILES, NAMES_FILE];

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
      await mkdir(folder, { recursive: true });
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
 * Every run in a folder, the newest first. What is no run is passed over, and links are not followed.
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

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** @returns the document when it is a result of hotshard, of whatever version; else null */
function resultIn(text: string): Record<string, unknown> | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(value) || !isRecord(value["run"])) return null;
  const { id, startedAt, scenario, driver } = value["run"];
  const isOurs = [value["hotshard"], id, startedAt, scenario, driver].every((one) => typeof one === "string");
  return isOurs && typeof value["version"] === "number" ? value : null;
}

async function readRunFolder(path: string, name: string): Promise<RunFolder | null> {
  const file = join(path, "result.json");
  if ((await kindOf(file)) !== "file") return null;
  const result = resultIn(await readFile(file, "utf8"));
  if (result === null) return null;
  const [run, verdict, skew, traffic] = ["run", "verdict", "skew", "traffic"].map((part) =>
    isRecord(result[part]) ? result[part] : {},
  ) as [Record<string, unknown>, Record<string, unknown>, Record<string, unknown>, Record<string, unknown>];
  const { maxOverMean } = skew;
  const { status } = verdict;
  return {
    name,
    path,
    id: String(run["id"]),
    startedAt: String(run["startedAt"]),
    scenario: String(run["scenario"]),
    driver: String(run["driver"]),
    verdict: run["interrupted"] === true ? "interrupted" : typeof status === "string" ? status : "?",
    maxOverMean: typeof maxOverMean === "number" ? maxOverMean : null,
    messages: Number(traffic["acked"] ?? 0),
    bytes: await sizeOf(path),
  };
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const file of FILES) bytes += (await lstat(join(folder, file)).catch(() => null))?.size ?? 0;
  return bytes;
}

/** What is left of a run that was removed. */
export interface Removal {
  readonly run: RunFolder;
  /** The folder stays, because it holds files that are not a run's. */
  readonly kept: readonly string[];
}

/** Deletes what a run writes, and its folder when nothing else is in it, and the demo's when this was its last run. */
export async function removeRun(run: RunFolder): Promise<Removal> {
  for (const file of FILES) {
    if ((await kindOf(join(run.path, file))) === "file") await unlink(join(run.path, file));
  }
  const kept = await readdir(run.path);
  if (kept.length === 0) await rmdir(run.path);
  const parent = dirname(run.path);
  if (dirname(run.name) !== "." && (await readdir(parent)).length === 0) await rmdir(parent);
  return { run, kept };
}
