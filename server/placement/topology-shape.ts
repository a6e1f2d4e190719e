import type { Segment, Topology } from "./contract.ts";

/** Whether the top of a topology is there; adds what is not to `faults`. The segments are not looked into. */
export function hasTopologyShape(
  value: unknown,
  faults: string[],
): value is Omit<Topology, "segments"> & { segments: unknown[] } {
  const before = faults.length;
  if (!isRecord(value)) {
    faults.push("a topology is an object {epoch, shards, segments}");
    return false;
  }
  const { epoch, shards, segments, ...rest } = value;
  faults.push(...unknownKeys(rest, "the topology"));
  if (!Number.isSafeInteger(epoch) || Number(epoch) < 1) faults.push("epoch is not an integer of at least 1");
  if (!isTextList(shards)) faults.push("shards is not a list of labels");
  if (!Array.isArray(segments) || segments.length === 0) faults.push("segments is not a list of at least one segment");
  return faults.length === before;
}

/** The same for one segment, which the faults call `where`. */
export function hasSegmentShape(value: unknown, where: string, faults: string[]): value is Segment {
  const before = faults.length;
  if (!isRecord(value)) {
    faults.push(`${where} is not an object {from, placement, shards, overrides}`);
    return false;
  }
  const { from, placement, shards, overrides, ...rest } = value;
  faults.push(...unknownKeys(rest, where));
  if (typeof from !== "string") faults.push(`${where}: from is not a decimal string`);
  if (typeof placement !== "string") faults.push(`${where}: placement is not a string`);
  if (!Array.isArray(shards) || !shards.every(isWeightedShard)) {
    faults.push(`${where}: shards is not a list of {label, weight}`);
  }
  if (!Array.isArray(overrides) || !overrides.every(isOverride)) {
    faults.push(
      `${where}: overrides is not a list of pins {dialog, action, shard, relief?} and splits {dialog, action, shards}`,
    );
  }
  return faults.length === before;
}

function isWeightedShard(value: unknown): boolean {
  return isRecord(value) && typeof value["label"] === "string" && typeof value["weight"] === "number";
}

function isOverride(value: unknown): boolean {
  if (!isRecord(value) || typeof value["dialog"] !== "string") return false;
  if (value["action"] === "pin") return typeof value["shard"] === "string" && isRelief(value["relief"]);
  return value["action"] === "split" && isTextList(value["shards"]);
}

function isRelief(value: unknown): boolean {
  return value === undefined || (typeof value === "number" && value > 0 && value < Infinity);
}

function isTextList(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function unknownKeys(rest: object, where: string): string[] {
  return Object.keys(rest).map((key) => `${where} has an unknown field "${key}"`);
}
