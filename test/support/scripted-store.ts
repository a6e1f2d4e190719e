import {
  ALL_INSERTED,
  type FenceRow,
  type ShardMark,
  type ShardStore,
  type StoreSession,
} from "../../server/shards/contract.ts";

type Fences = Pick<ShardStore, "seal" | "admit" | "beat" | "retire" | "fences">;

/** A store that keeps nothing but who may write, and whose calls a test can hold or fail. */
export function scripted(overrides: Partial<ShardStore> = {}): ShardStore {
  const fences = scriptedFences();
  return {
    engine: "sqlite",
    async open(onConnect) {
      await onConnect(scriptedSession("0", fences));
      return { crashSafe: false, settings: "in memory" };
    },
    insert: async () => ALL_INSERTED,
    ...fences,
    history: async () => ({ rows: [], epoch: 1, floor: null }),
    find: async () => null,
    ids: async (keys) => keys.map(() => null),
    take: async (token) => token,
    scan: async () => [],
    copy: async (rows) => ({ outcome: "stored", rows: rows.length }),
    digest: async () => ({ rows: 0, sum: 0n }),
    remove: async () => 0,
    audit: async () => ({ rows: 0, sum: 0 }),
    auditDialogs: async () => [],
    size: async () => ({ rows: 0, bytes: 0 }),
    connections: () => 0,
    ping: async () => {},
    close: async () => {},
    ...overrides,
  };
}

/** A connection to a shard that belongs to nobody. @param closedBelow what it says when it is claimed */
export function scriptedSession(closedBelow = "0", fences: Fences = scriptedFences()): StoreSession {
  const mark: ShardMark = { cluster: null, epoch: 0, closedBelow };
  return { mark, claim: async (cluster) => ({ ...mark, cluster }), holdsRows: async () => false, ...fences };
}

function scriptedFences(): Fences {
  const rows = new Map<number, FenceRow>();
  return {
    seal: async () => {},
    async admit(fence, from) {
      rows.set(fence.node, { ...fence, closedBelow: "0", floor: from.toString(), silentMs: 0 });
    },
    async beat({ node }, floor) {
      const row = rows.get(node);
      if (row !== undefined) rows.set(node, { ...row, floor: floor.toString() });
    },
    retire: async (node) => void rows.delete(node),
    fences: async () => [...rows.values()],
  };
}
