import { ConfigError } from "../config-error.ts";
import { patiently, type NodeClock } from "./event.ts";
import type { ShardMark, StoreSession } from "../shards/contract.ts";
import { adopt, type State } from "./state.ts";
import type { StateStore } from "./state-store.ts";

/** Which system this server and its shards belong to. */
export interface Identity {
  /** What the state says. */
  learn(state: Pick<State, "cluster" | "settled">): void;
  /** A shard could not be reached: the others do not wait for its word. */
  absent(label: string): void;
  known(): { readonly cluster: string; readonly settled: boolean };
  /**
   * Judges a shard by what it carries; one that belongs to nobody gets this identity.
   *
   * @throws {ConfigError} OTHER_CLUSTER; OTHER_SHARD for the database of another shard of the same system
   */
  check(label: string, session: StoreSession): Promise<ShardMark>;
}

/** How long a shard that belongs to nobody waits for others to decide, ms. */
const PATIENCE_MS = 2_000;

/**
 * A state that no shard carries yet takes the identity of the shards: a new folder over the databases of before goes on
 * where they are. So while the identity is open, shards that carry one go first.
 *
 * @param labels of all shards
 */
export function createIdentity(store: StateStore, labels: () => readonly string[], clock: NodeClock): Identity {
  let known: { readonly cluster: string; readonly settled: boolean } = { cluster: "", settled: false };
  const seen = new Set<string>();
  const absent = new Set<string>();
  const everybody = Promise.withResolvers<void>();
  const settled = Promise.withResolvers<void>();

  function come(label: string, where = seen): void {
    where.add(label);
    if (labels().every((one) => seen.has(one) || absent.has(one))) everybody.resolve();
  }

  /** Two servers with a state each may start at once over new shards: the first shard decides for both. */
  async function waitForTurn(label: string): Promise<void> {
    await patiently(clock, PATIENCE_MS, Promise.race([everybody.promise, settled.promise]));
    if (label !== labels().find((one) => seen.has(one))) await patiently(clock, PATIENCE_MS, settled.promise);
  }

  async function settle(label: string, cluster: string): Promise<void> {
    if (known.settled && known.cluster === cluster) return;
    try {
      await store.update((state) => ({ state: adopt(state, cluster), result: null }));
      known = { cluster, settled: true };
      settled.resolve();
    } catch (error) {
      if (!(error instanceof ConfigError) || error.code !== "OTHER_STATE") throw error;
      const { cluster: own } = await store.read();
      known = { cluster: own, settled: true };
      throw new ConfigError(
        "OTHER_CLUSTER",
        `shard ${label} belongs to system ${cluster}, and ${store.name} with the other shards to ${own}: ` +
          "give --shards databases of one system, and --data the folder of its servers",
      );
    }
  }

  return {
    learn: ({ cluster, settled }) => void (known = { cluster, settled }),
    absent: (label) => come(label, absent),
    known: () => known,
    async check(label, session) {
      let { mark } = session;
      if (mark.cluster === null) {
        come(label);
        if (!known.settled) await waitForTurn(label);
        mark = await session.claim(nameOf(known.cluster, label));
      }
      const name = parseName(mark.cluster ?? known.cluster);
      await settle(label, name.cluster);
      if (name.label !== null && name.label !== label) throw otherShard(label, name.label);
      come(label);
      return mark;
    },
  };
}

/** What a shard carries: whose it is, and which of their shards. */
function nameOf(cluster: string, label: string): string {
  return `${cluster}/${label}`;
}

/** @returns `label` null for one that says only whose it is */
function parseName(name: string): { readonly cluster: string; readonly label: string | null } {
  const [cluster = "", label = null] = name.split("/");
  return { cluster, label };
}

/** Read as another, it would hide what it holds, and take what belongs elsewhere. */
function otherShard(label: string, own: string): ConfigError {
  const text =
    `the database that is given as shard ${label} is shard ${own} of this system: ` +
    "give --shards the URLs in their order, each database once";
  return new ConfigError("OTHER_SHARD", text);
}
