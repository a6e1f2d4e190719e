import { randomInt } from "node:crypto";
import { once } from "node:events";
import { assemble } from "../server/assemble.ts";
import { readConfig } from "../server/config.ts";
import { createLog } from "../server/observability/log.ts";
import type { ShardStore } from "../server/storage/contract.ts";

/** The whole server over shards that keep nothing: what the chat costs without its databases. */
function forgetful(): ShardStore {
  return {
    engine: "sqlite",
    open: async () => ({ crashSafe: false, settings: "no store" }),
    insert: async (rows) => rows.map((row) => row.id),
    history: async () => [],
    find: async () => null,
    audit: async () => ({ rows: 0, sum: 0 }),
    auditDialogs: async () => [],
    lastId: async () => "0",
    size: async () => ({ rows: 0, bytes: 0 }),
    connections: () => 0,
    ping: async () => {},
    close: async () => {},
  };
}

const config = readConfig(["--port", "0", "--node", String(randomInt(1024)), ...process.argv.slice(2)], {});
const server = await assemble(config, createLog({ log: "error", env: "bench" }).logger, { storeOf: forgetful });
await server.open();
const listening = await server.app.listen({ port: 0, host: "127.0.0.1" });
process.stdout.write(`${JSON.stringify({ listening })}\n`);
await Promise.race([once(process, "SIGTERM"), once(process, "disconnect")]);
process.exit();
