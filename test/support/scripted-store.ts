import { ALL_INSERTED, type ShardMark, type ShardStore, type StoreSession } from "../../server/shards/contract.ts";

/** A store that keeps nothing, and whose calls a test can hold or fail. */
export function scripted(overrides: Partial<ShardStore> = {}): ShardStore {
  return {
    engine: "sqlite",
    async open(onConnect) {
      await onConnect(scriptedSession());
      return { crashSafe: false, settings: "in memory" };
    },
    insert: async () => ALL_INSERTED,
    seal: async () => {},
    admit: async () => {},
    beat: async () => {},
    retire: async () => {},
    fences: async () => [],
    history: async () => ({ rows: [], epoch: 0, floor: null }),
    find: async () => null,
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
export function scriptedSession(closedBelow = "0"): StoreSession {
  const mark: ShardMark = { cluster: null, epoch: 0, closedBelow };
  return {
    mark,
    claim: async (cluster) => ({ ...mark, cluster }),
    seal: async () => {},
    admit: async () => {},
    fences: async () => [],
  };
}
