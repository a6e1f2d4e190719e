import { once } from "node:events";
import { assemble } from "./assemble.ts";
import { describeOptions, readConfig, type Config } from "./config.ts";
import { createLogger } from "./observability/log.ts";
import { ConfigError } from "./placement/contract.ts";

const USAGE = `Usage: hotshard serve [options]

The reference chat server: WebSocket at /chat, /healthz, /readyz, /metrics, and /v1/… for history and audit.

Options (or their environment variables; options win):
${describeOptions()}

Examples:
  hotshard serve --shards 4
  hotshard serve --shards mysql://u:p@127.0.0.1:3306/s0,mysql://u:p@127.0.0.1:3307/s1
  hotshard serve --shards '4?commitMs=20&maxRows=50'     shards that saturate at 2,500 rows/s each
`;

/** Exit codes are those of the command line's contract. */
async function main(argv: readonly string[]): Promise<void> {
  if (argv.includes("--help") || argv.includes("-h")) {
    process.stdout.write(USAGE);
    return;
  }
  const config = readConfig(argv, process.env);
  const logger = createLogger(config.log);
  if (config.secretIsPublic)
    logger.warn("HOTSHARD_SECRET is not set: tokens are signed with the public development secret");
  const server = await assemble(config, logger);
  const stopped = stopSignal();
  await server.open();
  const listening = await server.app.listen({ port: config.port, host: config.host });
  logger.info({ listening, shards: server.chat.shards.length }, "listening");
  process.stdout.write(`${JSON.stringify({ listening })}\n`);
  logger.info({ signal: await stopped }, "stopping");
  await stop(server, config);
  logger.info("stopped");
  // An open channel would keep the process alive.
  if (process.connected) process.disconnect();
  logger.flush();
}

async function stop(server: Awaited<ReturnType<typeof assemble>>, config: Config): Promise<void> {
  server.app.server.close();
  await server.chat.stop(config.drainMs);
  await server.close();
}

async function stopSignal(): Promise<string> {
  // A parent that started this server with a channel is gone when the channel closes.
  const events = ["SIGTERM", "SIGINT", ...(process.connected ? ["disconnect"] : [])];
  return Promise.race(events.map((event) => once(process, event).then(() => event)));
}

function explain(error: unknown): number {
  if (error instanceof ConfigError) {
    process.stderr.write(`hotshard: ${error.code}: ${error.message}\n`);
    return 2;
  }
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE" || code === "EACCES" || code === "EADDRNOTAVAIL") {
    process.stderr.write(`hotshard: ${code}: ${message}; choose another --port or --host\n`);
    return 2;
  }
  process.stderr.write(`hotshard: INTERNAL: ${error instanceof Error ? error.stack : String(error)}\n`);
  return 70;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = explain(error);
}
