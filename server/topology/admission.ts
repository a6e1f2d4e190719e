import { ConfigError } from "../config-error.ts";
import { composeId, messageTime } from "../placement/message-id.ts";
import { asError, patiently, type NodeClock, type Tell } from "./event.ts";
import type { Fence, FenceRow, OnConnect, ShardStore, StoreSession } from "../shards/contract.ts";
import type { GrantHolder, Held } from "./grant-holder.ts";
import type { Identity } from "./identity.ts";
import { later, type Grant } from "./state.ts";

/** A shard as a node's membership sees it. */
export interface MemberShard {
  readonly label: string;
  readonly store: Pick<ShardStore, "admit" | "beat" | "fences" | "retire" | "seal">;
  isUp(): boolean;
  /** The smallest id of this node that is queued or under way there, or null. */
  oldestPending(): bigint | null;
}

/** What the shards are sealed by. */
export interface Sealing {
  readonly epoch: number;
  /** Ids below it are written no more. */
  readonly boundary: bigint;
}

export interface Admission {
  fence(): Fence;
  onConnect(label: string): OnConnect;
  /**
   * Admits the node on every shard that is up, after it got another grant. Never rejects, and does not wait for what
   * hangs.
   */
  enterAll(): Promise<void>;
  /** Says on every shard that is up that this node lives, and buries those that do not. */
  beat(): void;
  /** A shard refused what was sent under this fence: it is asked why. */
  fenced(label: string, fence: Fence): void;
  /** The last word on every shard that is up: nothing is under way any more. Does not wait for what hangs. */
  farewell(): Promise<void>;
}

/** A node that said nothing for so long by the database's clock is dead. */
const SILENT_MS = 60_000;
/**
 * How far above the floors of its rows a system starts whose state was lost: a lease that may have been granted, and
 * two for what was under way at the last beat.
 */
const LEASES_LOST = 3;

export interface AdmissionParts {
  readonly holder: GrantHolder;
  readonly identity: Identity;
  readonly shards: () => readonly MemberShard[];
  /** By the newest topology that is known. */
  readonly sealing: () => Sealing;
  /** Of the topology that this node writes by; at most that of `sealing`. */
  readonly epoch: () => number;
  /** A shard knows a newer topology than this node: reads it. */
  readonly learn: () => Promise<void>;
  /** What the state has granted. */
  readonly grants: () => Promise<readonly Grant[]>;
  readonly leaseMs: number;
  readonly clock: NodeClock;
  readonly tell: Tell;
}

/** Longest wait for shards that hang, ms. */
const PATIENCE_MS = 1_000;
const NOT_ADMITTED = "this node could not be admitted on a shard: messages there are refused";
const NOT_TOLD = "a shard could not be told that this node lives";

/**
 * Brings a node's grant to the shards: each lets a node write only by its row, which carries the node's incarnation.
 */
export function createAdmission(parts: AdmissionParts): Admission {
  const { clock, epoch: writtenBy, grants, holder, identity, leaseMs, learn, sealing, shards, tell } = parts;
  /** The last incarnation that each shard admitted. */
  const entered = new Map<string, number>();
  /** Shards whose rows were looked at for what a lost state had granted. */
  const searched = new Set<string>();
  /** Shards with a beat or an admission under way. */
  const busy = new Set<string>();

  const fenceOf = ({ node, incarnation }: Held): Fence => ({ node, incarnation, epoch: writtenBy() });

  async function enter(label: string, session: Pick<StoreSession, "admit" | "fences">): Promise<void> {
    for (;;) {
      const held = holder.held();
      const rows = await session.fences();
      await refuseNewer(label, rows);
      if (held.fresh && !searched.has(label)) await passLost(label, rows);
      for (const { floor } of rows) holder.ids.pass(BigInt(floor));
      const isNew = entered.get(label) !== held.incarnation;
      if (isNew) await passOthers(held);
      if (rows.some((row) => isRival(row, held))) await holder.renumber(held);
      else {
        const first = later(BigInt(held.from), firstOf(label, isNew));
        const isIn = await admits(session, held, first);
        // Another grant may have been given before its reader could see this node there.
        if (isIn && (!isNew || (await passOthers(held)) <= first)) entered.set(label, held.incarnation);
      }
      await holder.reach();
      // Another grant may have come while the shard was asked.
      if (entered.get(label) === holder.held().incarnation) return;
    }
  }

  /**
   * Until now readers elsewhere did not have to wait for this node on that shard: it begins above all that they may
   * have called stable, which is within their grants.
   *
   * @returns an id above it
   */
  async function passOthers({ node }: Held): Promise<bigint> {
    const others = (await grants().catch((): readonly Grant[] => [])).filter((grant) => grant.node !== node);
    const above = others.reduce((most, { until }) => later(most, BigInt(until)), 0n);
    holder.ids.pass(above);
    return above;
  }

  /**
   * Nothing that is not waited for any more gets in from then on: what was sent over a connection that was lost may
   * still arrive.
   */
  function firstOf(label: string, isNew: boolean): bigint {
    const shard = shards().find((one) => one.label === label);
    return shard === undefined || isNew || !shard.isUp() ? holder.ids.peek() : floorOf(shard);
  }

  /** @returns false when another with its number came between */
  async function admits(session: Pick<StoreSession, "admit" | "fences">, held: Held, first: bigint): Promise<boolean> {
    try {
      await session.admit(fenceOf(held), first);
      return true;
    } catch (error) {
      const rows = await session.fences();
      if (!rows.some((row) => isRival(row, held))) throw error;
      return false;
    }
  }

  /**
   * Whom the state does not know, a state that is lost had given ids to. Once for each shard: servers that come later
   * are no reason to run ahead of the clock, and of them.
   */
  async function passLost(label: string, rows: readonly FenceRow[]): Promise<void> {
    const known = await grants().catch((): readonly Grant[] => []);
    searched.add(label);
    for (const { floor, incarnation, node } of rows) {
      if (known.some((grant) => grant.node === node && grant.incarnation === incarnation)) continue;
      holder.ids.pass(composeId(messageTime(BigInt(floor)) + LEASES_LOST * leaseMs, 0, 0));
    }
  }

  /** Nobody seals a shard for a topology that the state does not have: it is not the one that this shard knows. */
  async function refuseNewer(label: string, rows: readonly Pick<FenceRow, "epoch">[]): Promise<void> {
    const newest = rows.reduce((most, row) => Math.max(most, row.epoch), 0);
    if (newest > sealing().epoch) await learn();
    const { epoch } = sealing();
    if (newest <= epoch) return;
    const text =
      `shard ${label} is at epoch ${newest} of the topology, and this server at ${epoch}: ` +
      "put back its state.json, or start it with the newer topology";
    throw new ConfigError("OLD_TOPOLOGY", text);
  }

  /** One at a time for each shard; what fails is told and tried again at the next beat. */
  async function withShard({ label }: MemberShard, what: string, run: () => Promise<unknown>): Promise<void> {
    if (busy.has(label)) return;
    busy.add(label);
    try {
      await run();
    } catch (error) {
      tell({ level: "warn", text: what, shard: label, error: asError(error) });
    } finally {
      busy.delete(label);
    }
  }

  const up = (): MemberShard[] => shards().filter((shard) => shard.isUp());

  /** Finds out whether the node may still write there. @returns the rows of all nodes */
  async function look({ label, store }: MemberShard, held: Held): Promise<readonly FenceRow[]> {
    const rows = await store.fences();
    await refuseNewer(label, rows);
    const { boundary, epoch } = sealing();
    // The topology went on since the connection was made.
    if (rows.some((row) => row.epoch < epoch)) await store.seal(epoch, boundary);
    const own = rows.find(({ node }) => node === held.node);
    if (own?.incarnation === held.incarnation) holder.ids.pass(BigInt(own.closedBelow));
    else holder.lose(held.incarnation, `shard ${label} does not know it any more`);
    return rows;
  }

  async function enterOrLook(shard: MemberShard): Promise<unknown> {
    const held = holder.held();
    const { label, store } = shard;
    return entered.get(label) === held.incarnation ? look(shard, held) : enter(label, store);
  }

  async function beatOn(shard: MemberShard): Promise<void> {
    const held = holder.held();
    const { label, store } = shard;
    if (entered.get(label) !== held.incarnation) return enter(label, store);
    await store.beat(fenceOf(held), floorOf(shard));
    for (const { incarnation, node, silentMs } of await look(shard, held)) {
      if (node === held.node || silentMs < SILENT_MS) continue;
      await store.retire(node, incarnation);
      tell({
        level: "info",
        text: `node ${node} is silent for ${Math.round(silentMs / 1_000)} s: buried`,
        shard: label,
      });
    }
  }

  function floorOf(shard: MemberShard): bigint {
    const next = holder.ids.peek();
    const oldest = shard.oldestPending();
    return oldest !== null && oldest < next ? oldest : next;
  }

  return {
    fence: () => fenceOf(holder.held()),
    onConnect: (label) => async (session) => {
      const mark = await identity.check(label, session);
      await refuseNewer(label, [mark]);
      const { boundary, epoch } = sealing();
      if (mark.epoch < epoch || BigInt(mark.closedBelow) < boundary) await session.seal(epoch, boundary);
      holder.ids.pass(later(BigInt(mark.closedBelow), boundary));
      await enter(label, session);
    },
    async enterAll() {
      const entering = up().map((shard) => withShard(shard, NOT_ADMITTED, () => enter(shard.label, shard.store)));
      await patiently(clock, PATIENCE_MS, Promise.all(entering));
    },
    beat() {
      for (const shard of up()) void withShard(shard, NOT_TOLD, () => beatOn(shard));
    },
    fenced(label, fence) {
      const shard = shards().find((one) => one.label === label);
      if (shard === undefined || fence.incarnation !== holder.held().incarnation) return;
      void withShard(shard, NOT_ADMITTED, () => enterOrLook(shard));
    },
    async farewell() {
      const farewells = up().map(async ({ label, store }) => {
        const held = holder.held();
        if (entered.get(label) !== held.incarnation) return;
        // Readers elsewhere do not wait for the floor of one who has left; alone, the row keeps how far the ids came.
        const others = (await store.fences()).some(({ node }) => node !== held.node);
        if (others) await store.retire(held.node, held.incarnation);
        else await store.beat(fenceOf(held), holder.ids.peek());
      });
      await patiently(clock, PATIENCE_MS, Promise.allSettled(farewells));
    },
  };
}

/** Whether a row of this node's number is another's who lives, or stands in the way. */
function isRival(row: FenceRow, { incarnation, node, previous }: Held): boolean {
  if (row.node !== node || row.incarnation === incarnation) return false;
  if (row.incarnation > incarnation) return true;
  return row.incarnation !== previous && row.silentMs < SILENT_MS;
}
