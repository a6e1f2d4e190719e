import type { OnWait, ShardStore } from "./contract.ts";
import { createMysqlStore } from "./mysql.ts";
import { shaped } from "./shaped.ts";
import { createSqliteStore } from "./sqlite.ts";
import type { ShardSpec } from "./url.ts";

interface StoreOptions {
  readonly onWait?: OnWait | undefined;
}

type EngineOf = {
  readonly [E in ShardSpec["engine"]]: (spec: Extract<ShardSpec, { engine: E }>, options: StoreOptions) => ShardStore;
};

/** Every engine. A new one is its own file, its URL in `url.ts`, and a line here. */
const ENGINES: EngineOf = {
  sqlite: createSqliteStore,
  mysql: createMysqlStore,
};

/** The store that a shard URL names, shaped if the URL says so; not yet open. */
export function createStore(spec: ShardSpec, options: StoreOptions = {}): ShardStore {
  const engine = ENGINES[spec.engine] as (spec: ShardSpec, options: StoreOptions) => ShardStore;
  const store = engine(spec, options);
  return spec.shaped === null ? store : shaped(store, spec.shaped);
}
