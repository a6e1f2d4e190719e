import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { finished } from "node:stream/promises";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../../server/main.ts", import.meta.url));

export interface ServerOptions {
  /** Options of `hotshard serve`; the port is free and the log says errors only, unless they say else. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Folder of the shards; by default a new one, removed at the end. */
  readonly data?: string;
  /** With a channel to this process, as for a server that shall end with it. */
  readonly ipc?: boolean;
}

/** A server in a process of its own. */
export interface TestServer {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** `ws://127.0.0.1:PORT/chat` */
  readonly chat: string;
  readonly pid: number;
  readonly data: string;
  /** Exit code, or null when a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Everything it has written so far. */
  stdout(): string;
  stderr(): string;
  /** Its log: stdout after the line that tells the address. */
  log(): string;
  signal(name: NodeJS.Signals): void;
  /** Closes the channel of `ipc`. */
  disconnect(): void;
  /** SIGKILL, as a crash would look. */
  kill9(): Promise<void>;
  /** SIGTERM. @returns the exit code */
  stop(): Promise<number | null>;
}

/** Starts a server and waits until it takes chat. @throws {Error} with its words when it does not start */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const data = options.data ?? temporaryFolder();
  const child = spawnServer(
    ["--log", "error", "--data", data, ...withoutFailover(options.args ?? [])],
    options.env ?? {},
    options.ipc,
  );
  const output = collect(child);
  // Not the child's `close`, which does not come after a channel was closed from here.
  const exited = Promise.all([once(child, "exit"), finished(child.stdout!)]).then(([[code]]) => {
    if (options.data === undefined) rmSync(data, { recursive: true, force: true });
    return code as number | null;
  });
  const first = await Promise.race([once(createInterface(child.stdout!), "line"), exited.then(() => null)]);
  if (first === null) throw new Error(`the server did not start:\n${output.stderr()}`);
  const { listening } = JSON.parse(String(first[0])) as { listening: string };
  return {
    url: listening,
    chat: `${listening.replace(/^http/, "ws")}/chat`,
    pid: child.pid!,
    data,
    exited,
    ...output,
    log: () => output.stdout().replace(/^.*\n/, ""),
    signal: (name) => void child.kill(name),
    disconnect: () => child.disconnect(),
    async kill9() {
      child.kill("SIGKILL");
      await exited;
    },
    stop() {
      child.kill("SIGTERM");
      return exited;
    },
  };
}

/** Runs a server that is expected to end by itself. */
export async function runServer(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawnServer(args, env);
  const output = collect(child);
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout: output.stdout(), stderr: output.stderr() };
}

/** A new folder below the system's temporary one. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "hotshard-test-"));
}

export { unusedPort } from "../../tools/stack/ports.ts";

function spawnServer(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  ipc: boolean = false,
): ChildProcess {
  // Nothing of the tester's own configuration.
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("HOTSHARD_"));
  const child = spawn(process.execPath, [PROGRAM, "--port", "0", ...args], {
    stdio: ["ignore", "pipe", "pipe", ...(ipc ? (["ipc"] as const) : [])],
    env: { ...Object.fromEntries(own), ...env },
  });
  // A test that is killed must not leave a server behind.
  const onExit = (): void => void child.kill("SIGKILL");
  process.once("exit", onExit);
  child.once("exit", () => process.off("exit", onExit));
  return child;
}

function collect(child: ChildProcess): { stdout(): string; stderr(): string } {
  let stdout = "";
  let stderr = "";
  child.stdout!.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr!.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return { stdout: () => stdout, stderr: () => stderr };
}

/** A test that takes a shard away looks at what its server does about it by itself, unless it is about failover. */
export function withoutFailover(args: readonly string[]): readonly string[] {
  return args.includes("--failover") ? args : ["--failover", "off", ...args];
}
