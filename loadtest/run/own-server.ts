import { extname } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../../server/config-error.ts";
import { startChild, type Child } from "../system/child.ts";
import { createServerLog, type ServerLog } from "./server-log.ts";

/** A stop waits for what is queued: longer than any database is waited for. */
export const STOP_MS = 60_000;

/** A server that this process started and stops. */
export interface OwnServer {
  /** WebSocket address of its chat. */
  readonly url: string;
  /** Asks it to stop and waits until it has. */
  stop(): Promise<void>;
}

/** TypeScript in a clone, compiled in the package. */
export const SERVER_PROGRAM = fileURLToPath(new URL(`../../server/main${extname(import.meta.url)}`, import.meta.url));

/**
 * Starts a server on a free port of loopback. It is a process of its own, so that generator and server do not share an
 * event loop, and in its own process group, so that Ctrl-C reaches the generator first; it stops when this process
 * dies.
 *
 * @param args options of `hotshard serve`
 * @param log file for what it says besides: its errors, with what the databases said
 * @throws {ConfigError} SERVER_START with the server's own last words
 */
export async function startOwnServer(args: readonly string[], log?: string): Promise<OwnServer> {
  const child = startChild(process.execPath, [SERVER_PROGRAM, "--port", "0", "--log", "error", ...args], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    detached: true,
    patienceMs: STOP_MS,
  });
  const kept = log === undefined ? null : createServerLog(log);
  const first = await Promise.race([firstLine(child, kept), child.closed.then(() => null)]);
  if (first === null) throw new ConfigError("SERVER_START", `the server did not start: ${lastWords(child)}`);
  const { listening } = JSON.parse(first) as { listening: string };
  // Not before: why a server did not start is the error's to say, and leaves no file.
  child.process.stderr!.on("data", (text: string) => kept?.write(text));
  return {
    url: `${listening.replace(/^http/u, "ws")}/chat`,
    async stop() {
      // Of one that is gone already too: its last words may still be on their way.
      const { wasForced } = await child.end();
      if (wasForced) kept?.write(`the server did not stop within ${STOP_MS / 1_000} s, and was killed\n`);
      await kept?.end();
    },
  };
}

/**
 * Asks the server's program what it thinks of its options; nothing is started.
 *
 * @returns null when they are good, else what is wrong with them
 */
export async function faultOfServerArgs(args: readonly string[]): Promise<string | null> {
  const child = startChild(process.execPath, [SERVER_PROGRAM, "--check", ...args], {
    stdio: ["ignore", "ignore", "pipe"],
    ask: "SIGKILL",
  });
  const { code } = await child.closed;
  return code === 0 ? null : lastWords(child).replace(/^hotshard: [A-Z_]+: /u, "");
}

/** The others, which may come in the same breath, are kept. */
async function firstLine({ process: { stdout } }: Child, kept: ServerLog | null): Promise<string> {
  return new Promise((resolve) => {
    let isFirst = true;
    createInterface(stdout!).on("line", (line) => {
      if (isFirst) resolve(line);
      else kept?.write(`${line}\n`);
      isFirst = false;
    });
  });
}

/** The last line that it said; of a crash the line that names the error, as Node ends with its version. */
function lastWords(child: Child): string {
  const lines = child.said().trim().split("\n");
  return lines.findLast((line) => /^\S*Error\b/u.test(line)) ?? lines.at(-1) ?? "";
}
