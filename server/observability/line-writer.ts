import { write, writeSync } from "node:fs";

/** Lines on their way to a file descriptor. Writing never waits, never throws, and holds a bounded number of bytes. */
export interface LineWriter {
  /** Lines wait for `begin`. */
  write(line: string): void;
  /** This line is the first, whatever waits. */
  begin(line: string): void;
  /** Lines that met a full disk, a reader who is gone, or one who does not read. */
  lost(): number;
  /** Resolves when everything is written, or after so many ms. */
  flush(patienceMs: number): Promise<void>;
}

/** Lines that a blocked pipe keeps waiting, bytes; beyond it they are lost. */
const MOST_WAITING_BYTES = 4_194_304;
/** A pipe that is full is tried again after so many ms. */
const FULL_PIPE_MS = 5;

const LINE_END = 10;

/** What is lost is lost; the next lines are tried again. */
export function createLineWriter(fd: number): LineWriter {
  let waiting: string[] = [];
  let bytes = 0;
  let lost = 0;
  let hasBegun = false;
  let isBusy = false;
  let onIdle: (() => void) | null = null;

  function writeWaiting(): void {
    const chunk = Buffer.from(waiting.join(""));
    waiting = [];
    bytes = 0;
    isBusy = true;
    attempt(chunk);
  }

  function attempt(chunk: Buffer): void {
    write(fd, chunk, (error, written) => {
      if (error?.code === "EAGAIN") setTimeout(attempt, FULL_PIPE_MS, chunk).unref();
      else if (error === null && written < chunk.length) attempt(chunk.subarray(written));
      else {
        if (error !== null) lost += chunk.reduce((lines, byte) => lines + Number(byte === LINE_END), 0);
        next();
      }
    });
  }

  function next(): void {
    if (waiting.length > 0) return writeWaiting();
    isBusy = false;
    onIdle?.();
  }

  // The last words of a process that ends by a fault.
  process.on("exit", () => {
    if (waiting.length === 0) return;
    try {
      writeSync(fd, waiting.join(""));
    } catch {
      // Nobody is left who could be told.
    }
  });

  return {
    write(line) {
      bytes += line.length;
      if (bytes > MOST_WAITING_BYTES) {
        bytes -= line.length;
        lost++;
        return;
      }
      waiting.push(line);
      if (hasBegun && !isBusy) writeWaiting();
    },
    begin(line) {
      hasBegun = true;
      waiting.unshift(line);
      if (!isBusy) writeWaiting();
    },
    lost: () => lost,
    flush(patienceMs) {
      if (!isBusy && waiting.length > 0) writeWaiting();
      if (!isBusy) return Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      // A full pipe is tried again by timers that keep no process.
      const timer = setTimeout(resolve, patienceMs);
      onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
      return promise;
    },
  };
}
