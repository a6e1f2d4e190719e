import type { Server as TlsServer } from "node:tls";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { assemble } from "./assemble.ts";
import { describeOptions, readConfig, type Config } from "./config.ts";
import { createLog } from "./observability/log.ts";
import type { OnPushState } from "./observability/push-link.ts";
import { createTraces } from "./observability/traces.ts";
import { ConfigError } from "./config-error.ts";
import { readCredentials } from "./edge/tls.ts";

const USAGE = `Usage: hotshard serve [options]

The reference chat server: WebSocket at /chat, the live page at /, /healthz,
/readyz, /metrics, and /v1/… for history and audit.

Options:
${describeOptions()}

  --check         Say whether these are good, and start nothing

Each has an environment variable, HOTSHARD_QUEUE_ROWS for --queue-rows; options
win.

Examples:
  hotshard serve --shards 4
  hotshard serve --shards mysql://u:p@127.0.0.1/s0,mysql://u:p@127.0.0.1/s1
  hotshard serve --shards '4?commitMs=20&maxRows=50'

The last one's shards are shaped: each saturates at 2,500 rows a second.
`;

/** `nginx -t` of this server: exit code 0, or 2 with everything that is wrong on a line. */
const CHECK = "--check";

/** Faults of the address, which the user mends by another one. */
const ADDRESS_FAULTS = new Set(["EADDRINUSE", "EACCES", "EADDRNOTAVAIL", "ENOTFOUND", "EAI_AGAIN", "EINVAL"]);

/** @returns the exit code, by the command line's contract */
async function main(argv: readonly string[]): Promise<number> {
  if (argv.includes("--help") || argv.includes("-h")) return printUsage();
  const config = readConfig(
    argv.filter((word) => word !== CHECK),
    process.env,
  );
  if (argv.includes(CHECK)) return 0;
  const log = createLog(config);
  const { logger } = log;
  const stopped = stopSignal(config.credentials === null ? ["SIGHUP"] : []);
  const { tracesUrl } = config;
  const traces = tracesUrl === undefined ? null : createTraces({ ...config, tracesUrl }, tracesState(logger));
  const server = await assemble(config, logger, { log, traces });
  try {
    // First the port: a second server that finds it taken has not touched the shards yet.
    const listening = await server.app.listen({ port: config.port, host: config.host });
    const instance = config.instance ?? new URL(listening).host;
    log.start(instance);
    traces?.start(instance);
    await server.open();
    if (config.secretIsPublic)
      logger.warn("HOTSHARD_SECRET is not set: tokens are signed with the public development secret");
    logger.info({ listening, shards: server.shards.all().length }, "listening");
    log.begin({ listening });
    if (config.credentials !== null) reloadCredentials(server.app, config, logger);
    const signal = await stopped;
    logger.info({ signal }, "stopping");
    server.app.server.close();
    await server.chat.stop(config.drainMs);
    logger.info("stopped");
    return signal === "SIGINT" ? 130 : 0;
  } finally {
    await server.close();
    await traces?.close();
    if (traces !== null) logger.info(traces.counts(), "what became of the traces");
    await log.close();
  }
}

/** A reader who had enough, as `head` has, is no fault. */
async function printUsage(): Promise<number> {
  const fault = await new Promise<NodeJS.ErrnoException | null | undefined>((resolve) => {
    process.stdout.write(USAGE, resolve);
  });
  return !fault || fault.code === "EPIPE"
    ? 0
    : say(74, `NOT_WRITTEN: stdout cannot be written (${fault.message}): send it elsewhere`);
}

function tracesState(logger: Logger): OnPushState {
  return (state, reason) => {
    if (state === "failing") logger.warn({ reason }, "the collector does not take traces: they wait");
    else logger.info("the collector takes traces again");
  };
}

/**
 * On SIGHUP, for connections from then on: certificates end, and a server that is restarted for one drops its clients.
 */
function reloadCredentials(app: FastifyInstance, { tlsCert, tlsKey }: Config, logger: Logger): void {
  process.on("SIGHUP", () => {
    try {
      (app.server as unknown as TlsServer).setSecureContext(readCredentials(tlsCert!, tlsKey!));
      logger.info("the certificate was read again");
    } catch (error) {
      logger.error({ err: error }, "the certificate could not be read again: the last one stays");
    }
  });
}

/**
 * The first reason to stop. Later signals change nothing: a stop that is under way loses no acknowledgement.
 *
 * @param others signals that mean nothing else here: a terminal that is closed says SIGHUP
 */
function stopSignal(others: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT", ...others]) process.on(signal, resolve);
    // A parent that started this server for itself and died.
    process.on("disconnect", () => resolve("disconnect"));
    process.channel?.unref();
  });
}

function explain(error: unknown): number {
  if (error instanceof ConfigError) return say(2, `${error.code}: ${error.message}`);
  const { code = "", message } = error as NodeJS.ErrnoException;
  if (ADDRESS_FAULTS.has(code)) return say(2, `${code}: ${message}; choose another --port or --host`);
  process.stderr.write(`hotshard: INTERNAL: ${error instanceof Error ? error.stack : String(error)}\n`);
  return 70;
}

function say(exitCode: number, line: string): number {
  process.stderr.write(`hotshard: ${line.replaceAll(/\s+/g, " ")}\n`);
  return exitCode;
}

// Nobody may read stdout, or not to its end: the chat goes on. To ask for the stream is also what makes writes to a
// pipe that is full come back, so that a stop does not wait for its reader.
process.stdout.on("error", () => undefined);
process.exitCode = await main(process.argv.slice(2)).catch(explain);
