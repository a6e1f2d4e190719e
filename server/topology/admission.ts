import { ConfigError } from "../config-error.ts";
import { composeId, messageTime } from "../placement/message-id.ts";
import { asError, type Tell } from "./event.ts";
import type { Fence, FenceRow, OnConnect, ShardStore, StoreSession } from "./fence-types.ts";
import type { GrantHolder, Held } from "./grant-holder.ts";
import type { Identity } from "./identity.ts";
import { later } from "./state.ts";

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
  /** Admits the node on every shard that is up, after it got another grant. */
  enterAll(): void;
  /** Says on every shard that is up that this node lives, and buries those that do not. */
  beat(): void;
  /** A shard refused what was sent under this fence. */
  fenced(label: string, fence: Fence): void;
  /** The last word on every shard that is up: nothing is under way any more. */
  farewell(): Promise<void>;
}

/** A node that said nothing for so long by the database's clock is dead. */
const SILENT_MS = 60_000;
/**
 * How far above the floors of its rows a system starts whose state was lost: a lease that may have been granted, and two
 * for what was under way at the last beat.
 */
const LEASES_LOST = 3;

export interface AdmissionParts {
  readonly holder: GrantHolder;
  readonly identity: Identity;
  readonly shards: () => readonly MemberShard[];
  readonly sealing: () => Sealing;
  readonly leaseMs: number;
  readonly tell: Tell;
}

/** Brings a node's grant to the shards: each lets a node write only by its row, which carries the node's incarnation. */
export function createAdmission(parts: AdmissionParts): Admission {
  const { holder, identity, leaseMs, sealing, shards, tell } = parts;
  /** The last incarnation that each shard admitted. */
  const entered = new Map<string, number>();
  /** Shards with a beat or an admission under way. */
  const busy = new Set<string>();

  const fenceOf = ({ node, incarnation }: Held): Fence => ({ node, incarnation, epoch: sealing().epoch });

  async function enter(label: string, session: Pick<StoreSession, "admit" | "fences">): Promise<void> {
    for (;;) {
      const held = holder.held();
      const rows = await session.fences();
      refuseNewer(label, rows);
      for (const row of rows) holder.ids.pass(passed(row, held));
      if (rows.some((row) => isRival(row, held))) await holder.renumber(held);
      else if (await admits(session, held)) entered.set(label, held.incarnation);
      // Another grant may have come while the shard was asked.
      if (entered.get(label) === holder.held().incarnation) return;
    }
  }

  /** @returns false when another with its number came between */
  async function admits(session: Pick<StoreSession, "admit" | "fences">, held: Held): Promise<boolean> {
    try {
      await session.admit(fenceOf(held), BigInt(held.from));
      return true;
    } catch (error) {
      const rows = await session.fences();
      if (!rows.some((row) => isRival(row, held))) throw error;
      return false;
    }
  }

  function passed({ floor, incarnation, node }: FenceRow, held: Held): bigint {
    const id = BigInt(floor);
    const own = node === held.node && incarnation === held.incarnation;
    if (own || !held.fresh) return id;
    return composeId(messageTime(id) + LEASES_LOST * leaseMs, 0, 0);
  }

  function refuseNewer(label: string, rows: readonly Pick<FenceRow, "epoch">[]): void {
    const { epoch } = sealing();
    const newest = rows.reduce((most, row) => Math.max(most, row.epoch), 0);
    if (newest <= epoch) return;
    const text = `shard ${label} is at epoch ${newest} of the topology, and this server at ${epoch}: start it with the newer topology`;
    throw new ConfigError("OLD_TOPOLOGY", text);
  }

  /** One at a time for each shard; what fails is told and tried again at the next beat. */
  function withShard(label: string, what: string, run: () => Promise<void>): void {
    if (busy.has(label)) return;
    busy.add(label);
    run()
      .catch((error: unknown) => tell({ level: "warn", text: what, shard: label, error: asError(error) }))
      .finally(() => busy.delete(label));
  }

  const up = (): MemberShard[] => shards().filter((shard) => shard.isUp());

  function enterAgain({ label, store }: MemberShard): void {
    withShard(label, "this node could not be admitted on a shard: messages there are refused", () =>
      enter(label, store),
    );
  }

  async function beatOn(shard: MemberShard): Promise<void> {
    const { label, store } = shard;
    const held = holder.held();
    if (entered.get(label) !== held.incarnation) return enter(label, store);
    await store.beat(fenceOf(held), floorOf(shard));
    const rows = await store.fences();
    const own = rows.find(({ node }) => node === held.node);
    if (own?.incarnation !== held.incarnation && held.incarnation === holder.held().incarnation) {
      holder.lose(held.incarnation, `shard ${label} does not know it any more`);
    }
    for (const { incarnation, node, silentMs } of rows) {
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
      refuseNewer(label, [mark]);
      const { boundary, epoch } = sealing();
      if (mark.epoch < epoch || BigInt(mark.closedBelow) < boundary) await session.seal(epoch, boundary);
      holder.ids.pass(later(BigInt(mark.closedBelow), boundary));
      await enter(label, session);
    },
    enterAll() {
      for (const shard of up()) enterAgain(shard);
    },
    beat() {
      for (const shard of up())
        withShard(shard.label, "a shard could not be told that this node lives", () => beatOn(shard));
    },
    fenced(label, fence) {
      const { incarnation } = holder.held();
      if (fence.incarnation !== incarnation) return;
      if (entered.get(label) === incarnation) return holder.lose(incarnation, `shard ${label} fenced it`);
      const shard = shards().find((one) => one.label === label);
      if (shard !== undefined) enterAgain(shard);
    },
    async farewell() {
      const held = holder.held();
      const farewells = up().map(async ({ label, store }) => {
        if (entered.get(label) !== held.incarnation) return;
        // Readers elsewhere do not wait for the floor of one who has left; alone, the row keeps how far the ids came.
        const others = (await store.fences()).some(({ node }) => node !== held.node);
        if (others) await store.retire(held.node, held.incarnation);
        else await store.beat(fenceOf(held), holder.ids.peek());
      });
      await Promise.allSettled(farewells);
    },
  };
}

/** Whether a row of this node's number is another's who lives, or stands in the way. */
function isRival(row: FenceRow, { incarnation, node, previous }: Held): boolean {
  if (row.node !== node || row.incarnation === incarnation) return false;
  if (row.incarnation > incarnation) return true;
  return row.incarnation !== previous && row.silentMs < SILENT_MS;
}
