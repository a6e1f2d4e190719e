import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../server/placement/contract.ts";

/** A server that this process started and stops. */
export interface OwnServer {
  /** WebSocket address of its chat. */
  readonly url: string;
  /** Asks it to stop and waits until it has. */
  stop(): Promise<void>;
}

/** The server's program: TypeScript in a clone, compiled in the package. */
export function serverProgram(): string {
  const source = fileURLToPath(new URL("../server/main.ts", import.meta.url));
  return existsSync(source) ? source : source.replace(/\.ts$/u, ".js");
}

/**
 * Starts a server on a free port of loopback. It is a process of its own, so that generator and server do not share an
 * event loop, and in its own process group, so that Ctrl-C reaches the generator first; it stops when this process dies.
 *
 * @param args options of `hotshard serve`
 * @throws {ConfigError} SERVER_START with the server's own last words
 */
export async function startOwnServer(args: readonly string[]): Promise<OwnServer> {
  const child = spawn(process.execPath, [serverProgram(), "--port", "0", "--log", "error", ...args], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    detached: true,
  });
  const words = lastWords(child);
  const first = await Promise.race([firstLine(child), once(child, "close").then(() => null)]);
  if (first === null) throw new ConfigError("SERVER_START", `the server did not start: ${words()}`);
  const { listening } = JSON.parse(first) as { listening: string };
  return {
    url: `${listening.replace(/^http/u, "ws")}/chat`,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      await gone;
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

async function firstLine(child: ChildProcess): Promise<string> {
  const [line] = (await once(createInterface(child.stdout!), "line")) as [string];
  return line;
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
