import { createWriteStream } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { Operation, OperationsHead } from "../measurement/operations.ts";
import type { DriveOrder } from "./contract.ts";

/** Characters that are handed to the compressor at once. */
const BLOCK = 65_536;

/** The operation log of one generator on the disk: NDJSON, gzip, a line an operation after the head. */
export interface OperationFile {
  add(operation: Operation): void;
  /** Writes the rest. @throws when the disk did not take all of it */
  close(): Promise<void>;
}

const NAME = /^operations-(?:\d+|reads)\.ndjson\.gz$/u;
/** Of the histories that are read beside the generators. */
export const READS_FILE = "operations-reads.ndjson.gz";

/** Names of the operation files in a folder, those of the generators first and in their order, then the reads. */
export async function operationFiles(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => NAME.test(name)).sort();
}

/** Of an earlier run in the same folder. */
export async function removeOperationFiles(folder: string): Promise<void> {
  await Promise.all((await operationFiles(folder)).map((name) => rm(join(folder, name), { force: true })));
}

/**
 * @param generator from 0: `operations-00.ndjson.gz`
 * @returns null when the order asks for none
 */
export function openOperations({ operations, runId }: DriveOrder, generator: number): OperationFile | null {
  if (operations === undefined) return null;
  const { folder, share } = operations;
  const name = `operations-${String(generator).padStart(2, "0")}.ndjson.gz`;
  return createOperationFile(folder, name, { version: 2, run: runId, share });
}

/** @param name as of a generator, or `READS_FILE` */
export function createOperationFile(folder: string, name: string, head: OperationsHead): OperationFile {
  const gzip = createGzip();
  const file = createWriteStream(join(folder, name));
  // What goes wrong is told by `close`.
  const done = finished(gzip.pipe(file));
  done.catch(() => undefined);
  let text = `${JSON.stringify(head)}\n`;
  return {
    add(operation) {
      text += `${JSON.stringify(operation)}\n`;
      if (text.length < BLOCK) return;
      gzip.write(text);
      text = "";
    },
    async close() {
      gzip.end(text);
      await done;
    },
  };
}
