import type { Segment, Topology } from "../placement/contract.ts";
import { overrideShards } from "../placement/overrides.ts";
import { parsePlacement } from "../placement/registry.ts";
import type { Forecast } from "../protocol/shards.ts";
import { maxOverMean } from "../statistics/skew.ts";
import { KEYS, likelyIds, placeKeys } from "./key-sample.ts";
import { writableShards } from "./segment-edits.ts";

/** What a server knows of its load. */
export interface KnownLoad {
  /** The most frequent dialogs, as shares of all messages, 0 to 1. All others are taken to be spread over all keys. */
  readonly hot: readonly { readonly dialog: string; readonly share: number }[];
  /** What each shard holds; null where it is not known. */
  readonly stored: readonly { readonly shard: string; readonly rows: number | null; readonly bytes: number | null }[];
  /** Rows a second that a rebalance moves without a throttle. */
  readonly rowsPerS: number;
  /** A message id of now: the moment for which a placement by time is asked. */
  readonly now: bigint;
}

/** Moved over ideal from which on a note says so; a sample and an uneven ring stay below. */
const WASTEFUL = 1.5;
/** A hot dialog counts as so many pieces, which the parts of its split share. */
const PIECES = 1_024;

/**
 * Forecast of a change and of the rebalance after it. Pure.
 *
 * @param before the topology now
 * @param after the one that the change makes; `before` itself for a rebalance alone
 * @param keys of the sample (see `placeKeys`)
 */
export function forecastChange(before: Topology, after: Topology, known: KnownLoad, keys = KEYS): Forecast {
  const from = after === before ? before.segments[0]! : before.segments.at(-1)!;
  const to = after.segments.at(-1)!;
  const shares = pieceShares(known, keys);
  const ids = likelyIds([from, to]);
  const [old, next] = [pieceOwners(from, known, keys, ids), pieceOwners(to, known, keys, ids)];
  const closed = after.segments.slice(0, -1).map((segment) => {
    return leavingShares(segment === from ? old : pieceOwners(segment, known, keys, ids), next, shares);
  });
  const sum = (of: "rows" | "bytes") =>
    known.stored.reduce((total, stored) => {
      return total + (stored[of] ?? 0) * Math.max(0, ...closed.map((leaving) => leaving.get(stored.shard) ?? 0));
    }, 0);
  const rows = Math.ceil(sum("rows"));
  const moved = {
    movedShare: old.slice(0, keys).filter((owner, i) => owner !== next[i]).length / keys,
    idealShare: idealShare(from, to),
  };
  return {
    ...moved,
    maxOverMean: { before: skewOf(from, old, shares), after: skewOf(to, next, shares) },
    rows,
    bytes: Math.ceil(sum("bytes")),
    seconds: rows / known.rowsPerS,
    rowsPerS: known.rowsPerS,
    notes: [...wasteNotes(to, moved), ...idNotes([from, to], ids), ...unknownNotes(known)],
  };
}

/** Share of all messages of each piece: the keys of the sample, then the pieces of each hot dialog. */
function pieceShares({ hot }: KnownLoad, keys: number): Float64Array {
  const shares = new Float64Array(keys + hot.length * PIECES);
  const rest = 1 - hot.reduce((sum, { share }) => sum + share, 0);
  shares.fill(Math.max(0, rest) / keys, 0, keys);
  hot.forEach(({ share }, i) => shares.fill(share / PIECES, keys + i * PIECES, keys + (i + 1) * PIECES));
  return shares;
}

/** Label of each piece's shard under a segment. */
function pieceOwners(segment: Segment, { hot, now }: KnownLoad, keys: number, ids: number): string[] {
  const { entry, options } = parsePlacement(segment.placement);
  const placement = entry.make(segment.shards, options);
  const owners = placeKeys(segment, keys, ids);
  for (const { dialog } of hot) {
    const override = segment.overrides.find((one) => one.dialog === dialog);
    const parts = override ? overrideShards(override) : [segment.shards[placement.place(dialog, now)]!.label];
    for (let i = 0; i < PIECES; i++) owners.push(parts[Math.floor((i * parts.length) / PIECES)]!);
  }
  return owners;
}

/** Of what each shard holds, the share that belongs elsewhere next, 0 to 1. */
function leavingShares(old: readonly string[], next: readonly string[], shares: Float64Array): Map<string, number> {
  const held = new Map<string, number>();
  const leaving = new Map<string, number>();
  old.forEach((owner, i) => {
    held.set(owner, (held.get(owner) ?? 0) + shares[i]!);
    if (owner !== next[i]) leaving.set(owner, (leaving.get(owner) ?? 0) + shares[i]!);
  });
  return new Map([...leaving].map(([owner, share]) => [owner, share / held.get(owner)!]));
}

function skewOf(segment: Segment, owners: readonly string[], shares: Float64Array): number {
  const loads = new Map(writableShards(segment).map((label) => [label, 0]));
  owners.forEach((owner, i) => loads.set(owner, loads.get(owner)! + shares[i]!));
  return maxOverMean([...loads.values()]);
}

/** Σ of what the shards gain by weight. */
function idealShare(from: Segment, to: Segment): number {
  const before = intendedShares(from);
  return [...intendedShares(to)].reduce(
    (sum, [label, share]) => sum + Math.max(0, share - (before.get(label) ?? 0)),
    0,
  );
}

function intendedShares({ shards }: Segment): Map<string, number> {
  const total = shards.reduce((sum, { weight }) => sum + weight, 0);
  return new Map(shards.map(({ label, weight }) => [label, weight / total]));
}

function wasteNotes(
  { placement }: Segment,
  { idealShare, movedShare }: Pick<Forecast, "idealShare" | "movedShare">,
): string[] {
  if (movedShare <= idealShare * WASTEFUL + 0.001) return [];
  const remedy = ["slots", "rendezvous"].includes(placement) ? "" : `: ${placement} moves more than what a shard gains`;
  return [`${percent(movedShare)} of the keys move where ${percent(idealShare)} would do${remedy}`];
}

/** What is assumed where nothing is known. */
function idNotes(segments: readonly Segment[], ids: number): string[] {
  const isRanged = segments.some(({ placement }) => parsePlacement(placement).entry.shardsFor !== undefined);
  return isRanged ? [`range goes by ids: these figures are of ids that are spread evenly up to ${ids}`] : [];
}

function unknownNotes({ hot, stored }: KnownLoad): string[] {
  const unknown = stored.filter(({ rows }) => rows === null).map(({ shard }) => shard);
  return [
    ...(hot.length === 0 ? ["no messages in the last minute: max/mean is of the keys alone"] : []),
    ...(unknown.length > 0 ? [`what shard ${unknown.join(", ")} holds is not known, and not counted`] : []),
  ];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
