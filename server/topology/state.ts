import { ConfigError } from "../config-error.ts";
import type { Topology } from "../placement/contract.ts";
import { composeId, ID_EPOCH_MS, MAX_ID_MS, MAX_MESSAGE_ID, MAX_NODE } from "../placement/message-id.ts";

/** The ids from `from` up to, not including, `until` that one process may mint: those with its node number. */
export interface Grant {
  readonly node: number;
  /** Larger than every earlier one of this node number. */
  readonly incarnation: number;
  /** Decimal message ids. */
  readonly from: string;
  readonly until: string;
}

export interface GrantRow extends Grant {
  /** False once it was given back: then no id from `until` on was minted. */
  readonly held: boolean;
}

/** A shard that was lost: new messages go elsewhere. */
export interface Out {
  readonly label: string;
  /**
   * `lost`: nobody asks it. `returning`: it takes messages again and is asked for the first tries of resends, but its
   * history is not shown before what was sent again elsewhere is removed from it.
   */
  readonly phase: "lost" | "returning";
  /** Decimal id: the start of the first segment without it. */
  readonly from: string;
  /** Unix ms, by the state's clock. */
  readonly since: number;
  /** In a line. */
  readonly reason: string;
}

/** Rows that one node moves or removes, exclusive by its token. */
export interface Work {
  readonly kind: "rebalance" | "return";
  /** Larger than that of every work before. */
  readonly token: number;
  /** Who does it. */
  readonly node: number;
  readonly incarnation: number;
  /** Decimal id: rows with smaller ones are moved. */
  readonly below: string;
  /** `copy` until the topology says that the rows are where they were copied to, then `delete`. */
  readonly phase: "copy" | "delete";
  /** The shard that returns; absent for a rebalance. */
  readonly shard?: string;
  /** How far each shard's rows were seen, by label: the last row, or "done". */
  readonly cursors: Readonly<Record<string, { readonly dialog: string; readonly id: string } | "done">>;
  /** Unix ms. */
  readonly since: number;
  /** Rows looked at, and of these moved or removed. */
  readonly seen: number;
  readonly moved: number;
}

/** What the servers of one system share: a versioned document, changed by compare-and-set alone. */
export interface State {
  readonly version: 2;
  /** Identity of the system, made at random, once; its shards carry it too. */
  readonly cluster: string;
  /** Whether a shard carries this identity. Until then it can still be exchanged for that of the shards. */
  readonly settled: boolean;
  /** Counts the changes. */
  readonly revision: number;
  /** The last grant of each node number that was ever given, ascending by node. */
  readonly grants: readonly GrantRow[];
  /** Where messages lie: the newest topology; absent before the first server has started. */
  readonly topology?: Topology;
  /** Of `topology`: whoever edits that by hand is found out. */
  readonly fingerprint?: string;
  /** Decimal id: no message with a smaller one is written any more, to any shard. Absent while none is closed. */
  readonly closedBelow?: string;
  /** One above the largest label that was ever in the topology: no other database gets one that was used before. */
  readonly nextLabel?: number;
  /** URLs of shards that came while servers ran, by label; the others are in each server's configuration. */
  readonly urls: Readonly<Record<string, string>>;
  /** Shards that were lost and are not yet back. */
  readonly out: readonly Out[];
  /** Rows that are being moved between shards; null when none are. */
  readonly work: Work | null;
  /** The last mover token that was given. */
  readonly token: number;
}

/** The part of the state that is about shards. */
export type Standing = Pick<
  State,
  "topology" | "fingerprint" | "closedBelow" | "nextLabel" | "urls" | "out" | "work" | "token"
>;

/** @returns the same, without the rest */
export function standingOf(state: State): Standing {
  const { closedBelow, fingerprint, nextLabel, out, token, topology, urls, work } = state;
  return {
    ...(topology && { topology }),
    ...(fingerprint !== undefined && { fingerprint }),
    ...(closedBelow !== undefined && { closedBelow }),
    ...(nextLabel !== undefined && { nextLabel }),
    out,
    token,
    urls,
    work,
  };
}

/** A new state, and what its change brought. */
export interface Changed<T> {
  readonly state: State;
  readonly result: T;
}

export interface Taken {
  readonly grant: Grant;
  /** The last incarnation of the same node number that this state gave, or null. */
  readonly previous: number | null;
}

/** When and for how long. */
export interface Term {
  /** The store's clock, Unix ms: whether a grant is over. */
  readonly now: number;
  /** The node's clock, which mints: the grant reaches a lease ahead of whichever is later. */
  readonly wall: number;
  /** Length of a grant, ms. */
  readonly leaseMs: number;
}

export interface Wish extends Term {
  /** The incarnation is no smaller. */
  readonly incarnation: number;
  /** Node numbers that others use, whom this state does not know. */
  readonly avoid: ReadonlySet<number>;
  /** `from` is no smaller. */
  readonly above: bigint;
}

/**
 * The fewest ids that are granted, in ms: also when `from` is so far ahead of the clock that the lease has passed
 * there. A million ids; and what restarts gain on the clock that come faster than this.
 */
export const LEAST_GRANT_MS = 250;

/** The state of a new system. @param cluster a random identity */
export function freshState(cluster: string): State {
  return { version: 2, cluster, settled: false, revision: 0, grants: [], urls: {}, out: [], work: null, token: 0 };
}

/**
 * Takes the smallest node number whose last grant is over or was given back.
 *
 * The grant starts above every id that was granted before, to whomever, and not below the clock. So no two grants of a
 * number overlap, and who starts is above whatever was acknowledged before, wherever the clock went in between. A grant
 * reaches a lease ahead of the clock, not ahead of its start: restarts do not add up, and ids stay within a lease and
 * `LEAST_GRANT_MS` of a clock that goes on.
 *
 * @throws {ConfigError} NO_NODE_NUMBER, NO_IDS
 */
export function takeGrant(state: State, { incarnation, avoid, above, ...term }: Wish): Changed<Taken> {
  const node = freeNode(state, term.now, avoid);
  const before = rowOf(state, node);
  const least = later(above, idAt(Math.max(term.now, term.wall)));
  const from = later(unusedOf(state), least);
  const grant: Grant = {
    node,
    incarnation: Math.max(incarnation, (before?.incarnation ?? 0) + 1),
    from: from.toString(),
    until: untilOf(term, from).toString(),
  };
  return {
    state: withRow(state, { ...grant, held: true }),
    result: { grant, previous: before?.incarnation ?? null },
  };
}

/**
 * Extends a grant to a lease from now; not for a node that does not know the newest topology: ids from its boundary on
 * are minted by it alone (rule G of docs/topology.md).
 *
 * A state that does not know the grant was lost, or restored from a copy: it learns of it again, as long as the number
 * is nobody else's. One that has no topology gets it back too.
 *
 * @param own `at` is the smallest id that the node may still mint, `epoch` the topology that it knows
 * @returns "taken" instead of a grant when the number was taken by a later incarnation, "behind" when the topology has
 *   gone on
 * @throws {ConfigError} OTHER_STATE when this state belongs to another system
 */
export function renewGrant(
  state: State,
  own: {
    readonly cluster: string;
    readonly settled: boolean;
    readonly grant: Grant;
    readonly at: bigint;
    readonly epoch: number;
    /** What the node knows of the topology. */
    readonly placed?: Standing | undefined;
  },
  term: Term,
): Changed<Grant | "behind" | "taken"> {
  if (state.topology !== undefined && state.topology.epoch > own.epoch) return { state, result: "behind" };
  const ours = state.cluster === own.cluster ? state : takeOver(state, own.cluster);
  const known = ours.topology === undefined ? { ...ours, ...own.placed } : ours;
  const row = rowOf(known, own.grant.node);
  if (row !== undefined && row.incarnation > own.grant.incarnation) return { state: known, result: "taken" };
  const until = later(BigInt(own.grant.until), untilOf(term, own.at));
  const grant: Grant = { ...own.grant, until: until.toString() };
  const settled = known.settled || own.settled;
  return { state: withRow({ ...known, settled }, { ...grant, held: true }), result: grant };
}

/** Gives a grant back. @param used no id from here on was minted */
export function giveBack(state: State, grant: Grant, used: bigint): State {
  const row = rowOf(state, grant.node);
  if (row === undefined || row.incarnation !== grant.incarnation) return state;
  return withRow(state, { ...row, until: later(used, BigInt(grant.from)).toString(), held: false });
}

/**
 * Takes the identity that a shard carries.
 * @throws {ConfigError} OTHER_STATE when the state has another one and a shard carries it already
 */
export function adopt(state: State, cluster: string): State {
  if (state.cluster === cluster) return state.settled ? state : { ...state, settled: true };
  return { ...takeOver(state, cluster), settled: true };
}

function takeOver(state: State, cluster: string): State {
  if (!state.settled) return { ...state, cluster };
  const text = `the state is that of system ${state.cluster}, and this server belongs to ${cluster}`;
  throw new ConfigError("OTHER_STATE", text);
}

/** The first id of a millisecond; times before the first id or after the last one count as those. @param ms Unix ms */
export function idAt(ms: number): bigint {
  return composeId(Math.min(Math.max(Math.floor(ms), ID_EPOCH_MS), ID_EPOCH_MS + MAX_ID_MS), 0, 0);
}

export function later(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function untilOf({ now, wall, leaseMs }: Term, from: bigint): bigint {
  const until = later(
    idAt(Math.max(now, wall) + leaseMs),
    from + (idAt(ID_EPOCH_MS + LEAST_GRANT_MS) - idAt(ID_EPOCH_MS)),
  );
  if (until <= MAX_MESSAGE_ID) return until;
  throw new ConfigError(
    "NO_IDS",
    `no ids are left above ${from}: the clock stood in the year 2093, or the state is wrong`,
  );
}

function freeNode(state: State, now: number, avoid: ReadonlySet<number>): number {
  const passed = idAt(now);
  const taken = new Set(state.grants.filter((row) => row.held && BigInt(row.until) > passed).map(({ node }) => node));
  for (let node = 0; node <= MAX_NODE; node++) if (!taken.has(node) && !avoid.has(node)) return node;
  const text = `all ${MAX_NODE + 1} node numbers are in use: stop servers, or wait until the grants of those that died end`;
  throw new ConfigError("NO_NODE_NUMBER", text);
}

function rowOf(state: State, node: number): GrantRow | undefined {
  return state.grants.find((row) => row.node === node);
}

function withRow(state: State, row: GrantRow): State {
  const others = state.grants.filter(({ node }) => node !== row.node);
  return { ...state, grants: [...others, row].toSorted((a, b) => a.node - b.node) };
}

/** The smallest id that nobody was granted, and that is not closed: where the next segment of a topology begins. */
export function unusedOf({ closedBelow = "0", grants }: Pick<State, "closedBelow" | "grants">): bigint {
  return grants.reduce((largest, { until }) => later(largest, BigInt(until)), BigInt(closedBelow));
}
