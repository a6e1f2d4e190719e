import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";

/** How a child ended. */
export interface Ended {
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** It was asked to end, did not, and was killed. */
  readonly wasForced: boolean;
}

/** A process that this one started. It ends with this one, however this one ends (on Windows but for a kill). */
export interface Child {
  readonly process: ChildProcess;
  /** Ended, and its outputs read to their end. */
  readonly closed: Promise<Ended>;
  /** The end of what it wrote to stderr, where that is a pipe; at most 4,000 characters. */
  said(): string;
  /**
   * Asks it to end, and kills it when it has not after `patienceMs`. One that is gone already is fine.
   *
   * @param signal how it is asked; as it was started with by default
   */
  end(signal?: NodeJS.Signals): Promise<Ended>;
}

export interface ChildOptions extends SpawnOptions {
  /**
   * What asks it to end, also when this process ends first: SIGTERM by default; SIGKILL for one that has nothing to
   * save.
   */
  readonly ask?: NodeJS.Signals;
  /** Milliseconds from being asked to being killed, 30,000 by default. */
  readonly patienceMs?: number;
}

const KEPT = 4_000;
const PATIENCE_MS = 30_000;

/** Asked when this process exits by itself; `watch` is for when it is killed. */
const running = new Map<ChildProcess, NodeJS.Signals>();

/** Starts a program. One that cannot be started closes at once, with why as what it said. */
export function startChild(program: string, args: readonly string[], options: ChildOptions = {}): Child {
  const { ask = "SIGTERM", patienceMs = PATIENCE_MS, ...how } = options;
  if (running.size === 0) process.on("exit", askAll);
  const child = spawn(program, args, how);
  running.set(child, ask);
  const stopWatching = child.pid === undefined ? () => {} : watch(child.pid, ask, patienceMs);
  let tail = "";
  const keep = (text: string): void => void (tail = (tail + text).slice(-KEPT));
  child.stderr?.setEncoding("utf8").on("data", keep);
  child.on("error", (error) => keep(error.message));
  let wasForced = false;
  const closed = new Promise<Ended>((resolve) => {
    child.once("exit", () => forget(child, stopWatching));
    child.once("close", (code, signal) => {
      forget(child, stopWatching);
      resolve({ code, signal, wasForced });
    });
  });
  return {
    process: child,
    closed,
    said: () => tail,
    async end(signal = ask) {
      const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
      child.kill(signal);
      const timer = setTimeout(() => {
        if (isOver()) return;
        wasForced = true;
        child.kill("SIGKILL");
      }, patienceMs);
      try {
        return await closed;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

function forget(child: ChildProcess, stopWatching: () => void): void {
  stopWatching();
  running.delete(child);
  if (running.size === 0) process.off("exit", askAll);
}

function askAll(): void {
  for (const [child, ask] of running) child.kill(ask);
}

/**
 * A shell that reads from this process. When the reading ends without a word, this process is gone: then it asks the
 * child to end, and kills it. In a group of its own, so that Ctrl-C does not reach it first.
 *
 * @returns stops it
 */
function watch(pid: number, ask: NodeJS.Signals, patienceMs: number): () => void {
  if (process.platform === "win32") return () => {};
  const args = [String(pid), ask.replace("SIG", ""), String(Math.ceil(patienceMs / 1_000))];
  const shell = spawn("/bin/sh", ["-c", WATCH, "sh", ...args], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  // Neither is anything to wait for, nor anything that may end this process.
  shell.unref();
  shell.on("error", () => {});
  const words = shell.stdin;
  words.on("error", () => {});
  (words as unknown as { unref?: () => void }).unref?.();
  return () => words.end("the child has ended\n");
}

const WATCH = `
read -r word && exit 0
kill -s "$2" "$1" 2>/dev/null
left=$3
while [ "$left" -gt 0 ] && kill -s 0 "$1" 2>/dev/null; do sleep 1; left=$((left - 1)); done
kill -s KILL "$1" 2>/dev/null`;
