import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { notWritten } from "../../system/not-written.ts";

export interface NameWriter {
  add(dialog: string, name: string): Promise<void>;
  /** All is written. */
  close(): Promise<void>;
  /** Whatever happened, the file is not open any more. */
  abandon(): Promise<void>;
}

/**
 * Writes `dialog,name` as CSV, packed.
 *
 * @throws {ConfigError} from `add` and `close`: NOT_WRITTEN
 */
export function nameWriter(path: string): NameWriter {
  const gzip = createGzip();
  const out = createWriteStream(path);
  const closed = new Promise((resolve) => out.once("close", resolve));
  const written = pipeline(gzip, out).catch((error: unknown) => {
    throw notWritten(path, error);
  });
  // Who adds or closes next is told; until then nobody waits for it.
  written.catch(() => {});
  gzip.write("dialog,name\n");
  return {
    async add(dialog, name) {
      const field = /[",\r\n]/u.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
      if (!gzip.write(`${dialog},${field}\n`)) await Promise.race([once(gzip, "drain"), written]);
    },
    async close() {
      gzip.end();
      await written;
    },
    async abandon() {
      gzip.destroy();
      out.destroy();
      await closed;
    },
  };
}
