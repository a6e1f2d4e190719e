import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ConfigError } from "./config-error.ts";
import type { Topology } from "./placement/contract.ts";
import { singleSegment, validateTopology } from "./placement/topology.ts";
import { parseShardUrl, parseShardUrls, type ShardSpec } from "./shards/url.ts";
import { MOST_SHARDS } from "./topology/changes.ts";

/** The shards that a configuration asks for, and where messages live on them. */
export interface ShardPlan {
  readonly specs: readonly ShardSpec[];
  readonly layout: Topology;
}

export interface ShardOptions {
  /** A count with an optional shape (`4?commitMs=20`), or URLs joined by commas. */
  readonly shards: string;
  /** Folder of counted shards. */
  readonly data: string;
  readonly placement: string;
  /** Topology file; replaces `placement`. */
  readonly topology?: string | undefined;
}

type AddFault = (option: keyof ShardOptions, fault: string) => void;

const COUNT = /^\d+(?=\?|$)/;

/**
 * Judges shards, placement and topology file together.
 *
 * @param add takes each fault, with the name of its option
 * @returns null when there was a fault
 */
export function planShards(options: ShardOptions, add: AddFault): ShardPlan | null {
  const count = countOf(options.shards);
  const fits = count >= 1 && count <= MOST_SHARDS;
  if (!fits) add("shards", `1 to ${MOST_SHARDS} shards, or their URLs joined by commas`);
  const specs = fits ? attempt("shards", add, () => specsOf(options, count)) : null;
  const layout = layoutOf(options, fits ? count : null, add);
  return specs === null || layout === null ? null : { specs, layout };
}

function layoutOf({ placement, topology }: ShardOptions, count: number | null, add: AddFault): Topology | null {
  const fresh = attempt("placement", add, () => singleSegment({ labels: labelsOf(count ?? 1), placement }));
  if (topology === undefined) return fresh;
  const layout = attempt("topology", add, () => readTopology(topology));
  if (layout === null || count === null || layout.shards.length === count) return layout;
  add("topology", `${topology} names ${layout.shards.length} shards, --shards gives ${count}: make them equal`);
  return null;
}

function readTopology(file: string): Topology {
  try {
    return validateTopology(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new ConfigError("BAD_TOPOLOGY", `${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function attempt<T>(option: keyof ShardOptions, add: AddFault, read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    add(option, error.message);
    return null;
  }
}

function countOf(shards: string): number {
  const count = COUNT.exec(shards);
  return count === null ? shards.split(",").length : Number(count[0]);
}

function specsOf({ shards, data }: ShardOptions, count: number): ShardSpec[] {
  if (!COUNT.test(shards)) return parseShardUrls(shards.split(",").map((url) => url.trim()));
  const { shaped } = parseShardUrl(`sqlite:any${/\?.*$/.exec(shards)?.[0] ?? ""}`);
  const file = (label: string) => resolve(join(data, `shard-${label}.db`));
  return labelsOf(count).map((label) => ({ engine: "sqlite", file: file(label), shaped }));
}

function labelsOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(index).padStart(2, "0"));
}
