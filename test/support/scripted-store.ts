import { ALL_INSERTED, type ShardStore } from "../../server/shards/contract.ts";

/** A store that keeps nothing, and whose calls a test can hold or fail. */
export function scripted(overrides: Partial<ShardStore> = {}): ShardStore {
  return {
    engine: "sqlite",
    open: async () => ({ crashSafe: false, settings: "in memory" }),
    insert: async () => ALL_INSERTED,
    history: async () => [],
    find: async () => null,
    audit: async () => ({ rows: 0, sum: 0 }),
    auditDialogs: async () => [],
    lastId: async () => "0",
    size: async () => ({ rows: 0, bytes: 0 }),
    connections: () => 0,
    ping: async () => {},
    close: async () => {},
    ...overrides,
  };
}
