import { createWriteStream, type WriteStream } from "node:fs";
import { finished } from "node:stream/promises";

/** In a run's folder: what its own server said. */
export const SERVER_LOG = "server.log";

/** A server that fails at every message would fill the disk. */
const MOST_BYTES = 4 * 2 ** 20;

/** Keeps what a server says, from its first word on: one that says nothing leaves no file. */
export interface ServerLog {
  /** @param text whole lines, or pieces of them */
  write(text: string): void;
  /** Resolves when all is written. */
  end(): Promise<void>;
}

/** @param path of the file; what it held before is gone with the first word */
export function createServerLog(path: string): ServerLog {
  let stream: WriteStream | null = null;
  let bytes = 0;
  return {
    write(text) {
      if (bytes > MOST_BYTES) return;
      // A log that cannot be written does not end the run.
      stream ??= createWriteStream(path).on("error", () => {});
      bytes += Buffer.byteLength(text);
      stream.write(bytes > MOST_BYTES ? "… and more, which is left out\n" : text);
    },
    async end() {
      if (stream === null) return;
      stream.end();
      await finished(stream).catch(() => {});
    },
  };
}
