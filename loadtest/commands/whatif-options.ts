import { ConfigError } from "../../server/config-error.ts";
import { parsePlacement } from "../../server/placement/registry.ts";

/** A placement with its options, and the number of shards. */
export interface TodayLayout {
  readonly placement: string;
  readonly shards: number;
}

/**
 * Reads `slots:4`, `ring:virtualNodes=20:8`.
 *
 * @throws {ConfigError} BAD_OPTIONS, BAD_PLACEMENT
 */
export function parseToday(text: string): TodayLayout {
  const [, placement, shards] = /^(.+):(\d+)$/u.exec(text) ?? [];
  if (placement === undefined || shards === undefined) {
    throw new ConfigError(
      "BAD_OPTIONS",
      `--today ${text}: a placement and its shards, e.g. modulo:16 or ring:virtualNodes=20:8`,
    );
  }
  parsePlacement(placement);
  return { placement, shards: wholeNumber("--today", shards, 1, 1_024) };
}

/** @throws {ConfigError} BAD_OPTIONS */
export function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/u.test(text.trim()) && value >= min && value <= max) return value;
  throw new ConfigError("BAD_OPTIONS", `${option}: "${text}" is not a whole number from ${min} to ${max}`);
}
