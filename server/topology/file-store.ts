import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { ConfigError } from "../config-error.ts";
import { newCluster } from "./memory-store.ts";
import { freshState, type State } from "./state.ts";
import { StateError, type StateStore } from "./state-store.ts";
import { parseState, stateText } from "./state-text.ts";

export interface FileStateOptions {
  /** Unix ms. */
  readonly now?: () => number;
  /** Longest wait for another process that changes the state, ms. */
  readonly patienceMs?: number;
}

/** Primary result codes of SQLite. */
const BUSY = 5;
const HELD = "let that process go on, or end it";
const AGAIN_MS = { least: 2, most: 10 } as const;

/**
 * The state in a JSON file on this machine. Its folder is made if it is not there.
 *
 * Who changes it holds an exclusive transaction on a file beside it, which the system ends with the process, however
 * that dies; the new text is written beside the old one, synchronized and renamed over it. Not for network file systems
 * without locks.
 */
export function createFileStateStore(file: string, options: FileStateOptions = {}): StateStore {
  const { now = Date.now, patienceMs = 5_000 } = options;
  let last: Promise<unknown> = Promise.resolve();

  /** Opened anew each time: whoever removes the folder removes the lock's file, and others would lock another one. */
  async function locked<T>(run: () => Promise<T>): Promise<T> {
    makeFolder(dirname(file));
    const lock = openLock(file);
    try {
      const end = performance.now() + patienceMs;
      while (!begin(lock)) {
        if (performance.now() > end)
          throw new StateError(`${file}: another process holds ${file}.lock`, undefined, HELD);
        await delay(AGAIN_MS.least + Math.random() * (AGAIN_MS.most - AGAIN_MS.least));
      }
      return await run();
    } finally {
      lock.close();
    }
  }

  /** One after the other, so that updates of one process do not wait for each other by asking again and again. */
  function inTurn<T>(run: () => Promise<T>): Promise<T> {
    const done = last.then(() => locked(run)).catch((error: unknown) => fail(file, error));
    last = done.catch(() => undefined);
    return done;
  }

  async function current(): Promise<State> {
    const text = await textOf(file);
    if (text !== null) return parseState(text, file);
    const state = freshState(newCluster());
    await replace(file, state);
    return state;
  }

  return {
    name: file,
    async read() {
      const text = await textOf(file).catch((error: unknown) => fail(file, error));
      return text === null ? inTurn(current) : parseState(text, file);
    },
    update: (change) =>
      inTurn(async () => {
        const state = await current();
        const { result, state: next } = changed(change, state, now());
        if (next !== state) await replace(file, { ...next, revision: state.revision + 1 });
        return result;
      }),
    async close() {
      await last;
    },
  };
}

function openLock(file: string): DatabaseSync {
  try {
    return new DatabaseSync(`${file}.lock`);
  } catch (error) {
    // The system says why, and SQLite does not.
    accessSync(`${dirname(file)}/.`, constants.W_OK);
    throw error;
  }
}

function begin(lock: DatabaseSync): boolean {
  try {
    lock.exec("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    if (((error as { errcode?: number }).errcode ?? 0) % 256 === BUSY) return false;
    throw error;
  }
}

async function textOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

async function replace(file: string, state: State): Promise<void> {
  const text = stateText(state, file);
  const fresh = `${file}.new`;
  // URLs of shards may hold passwords.
  const handle = await open(fresh, "w", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(fresh, file);
  // The name in its folder is what a loss of power may take back.
  const folder = await open(dirname(file), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Not by mkdir's `recursive`, which never ends where no folder can be made, as below /proc (Node 22 to 26). */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another process was first.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** What the system or SQLite refuses has a code; a fault of the program has none and stays what it is. */
/** What a change has thrown is no fault of the file, whatever it looks like. */
class Refused extends Error {}

function changed<T>(change: (state: State, now: number) => T, state: State, now: number): T {
  try {
    return change(state, now);
  } catch (error) {
    throw new Refused("the change was refused", { cause: error });
  }
}

function fail(file: string, error: unknown): never {
  if (error instanceof Refused) throw error.cause;
  if (error instanceof ConfigError || error instanceof StateError) throw error;
  const { code, message } = error as NodeJS.ErrnoException;
  throw code === undefined ? error : new StateError(`${file}: ${message}`, error);
}
