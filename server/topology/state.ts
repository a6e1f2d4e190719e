import { ConfigError } from "../config-error.ts";
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

/** What the servers of one system share: a versioned document, changed by compare-and-set alone. */
export interface State {
  readonly version: 1;
  /** Identity of the system, made at random, once; its shards carry it too. */
  readonly cluster: string;
  /** Whether a shard carries this identity. Until then it can still be exchanged for that of the shards. */
  readonly settled: boolean;
  /** Counts the changes. */
  readonly revision: number;
  /** The last grant of each node number that was ever given, ascending by node. */
  readonly grants: readonly GrantRow[];
  /** Where messages lie, as the newest topology says that was used; absent before the first. */
  readonly layout?: Layout;
}

/** Which topology. */
export interface Layout {
  readonly epoch: number;
  /** Of all that it says: two topologies of one epoch are the same one. */
  readonly fingerprint: string;
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
  return { version: 1, cluster, settled: false, revision: 0, grants: [] };
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
  const from = state.grants.reduce((largest, { until }) => later(largest, BigInt(until)), least);
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
 * Extends a grant to a lease from now.
 *
 * A state that does not know the grant was lost, or restored from a copy: it learns of it again, as long as the number
 * is nobody else's.
 *
 * @param own `at` is the smallest id that the node may still mint
 * @returns null instead of a grant when the number was taken by a later incarnation
 * @throws {ConfigError} OTHER_STATE when this state belongs to another system
 */
export function renewGrant(
  state: State,
  own: { readonly cluster: string; readonly settled: boolean; readonly grant: Grant; readonly at: bigint },
  term: Term,
): Changed<Grant | null> {
  const known = state.cluster === own.cluster ? state : takeOver(state, own.cluster);
  const row = rowOf(known, own.grant.node);
  if (row !== undefined && row.incarnation > own.grant.incarnation) return { state: known, result: null };
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

/**
 * The state of a system that uses this topology.
 *
 * @throws {ConfigError} OLD_TOPOLOGY below the newest epoch; OTHER_TOPOLOGY for another one of the same epoch: it would
 *   look for stored messages where they are not
 */
export function useLayout(state: State, layout: Layout): State {
  const { epoch, fingerprint } = state.layout ?? { epoch: 0, fingerprint: "" };
  if (layout.epoch > epoch) return { ...state, layout };
  if (layout.epoch < epoch) {
    const text =
      `epoch ${epoch} of the topology was used with this data, and this is epoch ${layout.epoch}: ` +
      "start with the newer one";
    throw new ConfigError("OLD_TOPOLOGY", text);
  }
  if (layout.fingerprint === fingerprint) return state;
  const text =
    `other shards or another placement were used with this data under epoch ${epoch} of the topology, ` +
    "and what is stored would not be found: " +
    "start with those; or append a segment to the topology and raise its epoch; or give --data and --shards that are new";
  throw new ConfigError("OTHER_TOPOLOGY", text);
}
