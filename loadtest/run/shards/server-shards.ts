import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Topology } from "../../../server/placement/contract.ts";

/** What the options of an own server say of its shards. */
export interface ServerShards {
  readonly labels: readonly string[];
  /** In the order of the labels. */
  readonly urls: readonly string[];
  /** What shapes counted shards, with its question mark; empty: nothing, or they have URLs. */
  readonly shape: string;
  /** Folder of the server. */
  readonly data: string;
}

const COUNT = /^(\d+)(\?.*)?$/u;
const DEFAULT_SHARDS = "4";

/** The last one wins, as in the server. */
function valueOf(args: readonly string[], flag: string): string | undefined {
  return args[args.lastIndexOf(flag) + 1 || args.length];
}

export const label = (index: number): string => String(index).padStart(2, "0");

/** Where a counted shard of that label lies. */
export const fileOf = (data: string, shard: string): string => `sqlite:${join(data, `shard-${shard}.db`)}`;

/**
 * Reads the options of an own server as the server does; what it refuses is not told here.
 *
 * @param args of `hotshard serve`, with --data
 */
export function serverShards(args: readonly string[], environment: NodeJS.ProcessEnv): ServerShards {
  const shards = valueOf(args, "--shards") ?? (environment["HOTSHARD_SHARDS"] || DEFAULT_SHARDS);
  const data = valueOf(args, "--data") ?? "";
  const [, count, shape = ""] = COUNT.exec(shards) ?? [];
  const urls =
    count === undefined
      ? shards.split(",").map((url) => url.trim())
      : Array.from({ length: Number(count) }, (_, index) => fileOf(data, label(index)) + shape);
  return { labels: labelsIn(args, environment) ?? urls.map((_, index) => label(index)), urls, shape, data };
}

/** @returns null: there is no topology file, or none that can be read */
function labelsIn(args: readonly string[], environment: NodeJS.ProcessEnv): readonly string[] | null {
  const file = valueOf(args, "--topology") ?? environment["HOTSHARD_TOPOLOGY"];
  if (file === undefined || file === "") return null;
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as Topology).shards;
  } catch {
    return null;
  }
}
