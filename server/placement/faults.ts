import { ConfigError } from "../config-error.ts";
import type { WeightedShard } from "./contract.ts";

interface OptionBounds {
  readonly about: string;
  readonly min: number;
  readonly max: number;
}

/** An option of a placement: a whole number, or an ascending list of them, joined by `list`. */
type PlacementOption = OptionBounds & ({ readonly default: number } | { readonly list: string });

export type OptionTable = Readonly<Record<string, PlacementOption>>;

const LABEL = /^\d{2,}$/;

/** Everything wrong with a list of shards, in words; empty when it can be used. */
export function shardFaults(shards: readonly WeightedShard[]): string[] {
  const faults = shards.length === 0 ? ["no shards: name at least one"] : [];
  const seen = new Set<string>();
  for (const { label, weight } of shards) {
    if (!LABEL.test(label)) faults.push(`shard label "${label}" is not two or more digits`);
    if (seen.has(label)) faults.push(`shard ${label} is named twice`);
    if (!(weight > 0 && weight < Infinity)) faults.push(`weight ${weight} of shard ${label} is not above 0`);
    seen.add(label);
  }
  return faults;
}

/** A fault if the weights differ, for placements that cannot honour them. */
export function weightFaults(placement: string, shards: readonly WeightedShard[]): string[] {
  return shards.some((shard) => shard.weight !== shards[0]?.weight)
    ? [`${placement} cannot weigh shards: use slots, rendezvous or ring`]
    : [];
}

/** Everything wrong with a placement's options: unknown names, and values that are not integers within the bounds. */
export function optionFaults(
  placement: string,
  options: Readonly<Record<string, string>>,
  table: OptionTable,
): string[] {
  const known = Object.keys(table).join(", ") || "none";
  return Object.entries(options).flatMap(([name, text]) => {
    const option = Object.hasOwn(table, name) ? table[name] : undefined;
    if (option === undefined) return [`${placement} has no option "${name}" (it has: ${known})`];
    const { min, max } = option;
    const isList = "list" in option;
    const values = isList ? text.split(option.list) : [text];
    const isSound = values.every((value, i) => {
      const least = i === 0 ? min : Number(values[i - 1]);
      return /^\d+$/.test(value) && Number(value) >= least && Number(value) <= max;
    });
    const what = isList
      ? `ascending integers from ${min} to ${max}, joined by "${option.list}"`
      : `an integer from ${min} to ${max}`;
    return isSound ? [] : [`${placement}: ${name} is ${what}, not "${text}"`];
  });
}

/** @returns the option's value, or its default; call after `optionFaults` found nothing */
export function integerOption(name: string, options: Readonly<Record<string, string>>, table: OptionTable): number {
  const text = options[name];
  const option = table[name];
  if (text !== undefined) return Number(text);
  return option !== undefined && "default" in option ? option.default : Number.NaN;
}

/** @returns the numbers of a list; none when it is not given. What they are worth says `optionFaults` */
export function listOption(name: string, options: Readonly<Record<string, string>>, table: OptionTable): number[] {
  const text = options[name];
  const option = table[name];
  return text === undefined || option === undefined || !("list" in option) ? [] : text.split(option.list).map(Number);
}

/** @throws {ConfigError} with `code`, if there are faults: all of them on one line */
export function rejectFaults(code: string, faults: readonly string[]): void {
  if (faults.length > 0) throw new ConfigError(code, faults.join("; "));
}
