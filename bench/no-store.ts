import { once } from "node:events";
import { assemble } from "../server/assemble.ts";
import { readConfig } from "../server/config.ts";
import { createLog } from "../server/observability/log.ts";
import { createMemoryStateStore } from "../server/topology/memory-store.ts";
import { scripted } from "../test/support/scripted-store.ts";

/** The whole server over shards that keep nothing: what the chat costs without its databases. */
const config = readConfig(["--port", "0", ...process.argv.slice(2)], {});
const server = await assemble(config, createLog({ log: "error", env: "bench" }).logger, {
  storeOf: () => scripted(),
  state: createMemoryStateStore(),
});
await server.open();
const listening = await server.app.listen({ port: 0, host: "127.0.0.1" });
process.stdout.write(`${JSON.stringify({ listening })}\n`);
await Promise.race([once(process, "SIGTERM"), once(process, "disconnect")]);
process.exit();
