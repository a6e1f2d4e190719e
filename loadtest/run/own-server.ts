import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../../server/config-error.ts";
import { createServerLog, type ServerLog } from "./server-log.ts";

/** A server that this process started and stops. */
export interface OwnServer {
  /** WebSocket address of its chat. */
  readonly url: string;
  /** Asks it to stop and waits until it has. */
  stop(): Promise<void>;
}

/** The server's program: TypeScript in a clone, compiled in the package. */
export function serverProgram(): string {
  const source = fileURLToPath(new URL("../../server/main.ts", import.meta.url));
  return existsSync(source) ? source : source.replace(/\.ts$/u, ".js");
}

/**
 * Starts a server on a free port of loopback. It is a process of its own, so that generator and server do not share an
 * event loop, and in its own process group, so that Ctrl-C reaches the generator first; it stops when this process dies.
 *
 * @param args options of `hotshard serve`
 * @param log file for what it says besides: its errors, with what the databases said
 * @throws {ConfigError} SERVER_START with the server's own last words
 */
export async function startOwnServer(args: readonly string[], log?: string): Promise<OwnServer> {
  const child = spawn(process.execPath, [serverProgram(), "--port", "0", "--log", "error", ...args], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    detached: true,
  });
  const words = lastWords(child);
  const closed = once(child, "close").then(() => null);
  const kept = log === undefined ? null : createServerLog(log);
  const first = await Promise.race([firstLine(child, kept), closed]);
  if (first === null) throw new ConfigError("SERVER_START", `the server did not start: ${words()}`);
  const { listening } = JSON.parse(first) as { listening: string };
  // Not before: why a server did not start is the error's to say, and leaves no file.
  child.stderr!.on("data", (text: string) => kept?.write(text));
  return {
    url: `${listening.replace(/^http/u, "ws")}/chat`,
    async stop() {
      // Of one that is gone already too: its last words may still be on their way.
      child.kill("SIGTERM");
      await closed;
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
  const child = spawn(process.execPath, [serverProgram(), "--check", ...args], { stdio: ["ignore", "ignore", "pipe"] });
  const words = lastWords(child);
  const [code] = (await once(child, "close")) as [number | null];
  return code === 0 ? null : words().replace(/^hotshard: [A-Z_]+: /u, "");
}

/** The others, which may come in the same breath, are kept. */
async function firstLine(child: ChildProcess, kept: ServerLog | null): Promise<string> {
  return new Promise((resolve) => {
    let isFirst = true;
    createInterface(child.stdout!).on("line", (line) => {
      if (isFirst) resolve(line);
      else kept?.write(`${line}\n`);
      isFirst = false;
    });
  });
}

/**
 * Keeps the end of what the server says, without letting the pipe fill up.
 *
 * @returns its last line; of a crash the line that names the error, as Node ends with its version
 */
function lastWords(child: ChildProcess): () => string {
  let tail = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => (tail = (tail + text).slice(-4_000)));
  return () => {
    const lines = tail.trim().split("\n");
    return lines.findLast((line) => /^\S*Error\b/u.test(line)) ?? lines.at(-1) ?? "";
  };
}
