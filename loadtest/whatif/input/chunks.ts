import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { Readable, Writable } from "node:stream";
import { constants, createGunzip } from "node:zlib";
import { ConfigError } from "../../../server/config-error.ts";
import { inputName, type InputFaults } from "./input-faults.ts";

const PIECE = 1 << 20;
/** A longer line is no line of text. */
const LONGEST_LINE = 16 << 20;
const LINE_END = 10;

/** Whole lines of a file. */
export interface Chunk {
  readonly bytes: Buffer;
  /** Number of the first of them, from 1. */
  readonly line: number;
}

/**
 * The whole lines of a file (`-`: of stdin), gzip or not, in pieces of some megabytes; only the last piece may end
 * without a line end. What a gzip that was cut or damaged gave up to there is kept, and the fault is added.
 *
 * @throws {ConfigError} NO_INPUT when it cannot be opened, NOT_TEXT for a line of over 16 MB
 */
export async function* readChunks(path: string, faults: InputFaults): AsyncGenerator<Chunk> {
  let rest: Buffer = Buffer.alloc(0);
  let line = 1;
  const unpacked = { bytes: 0 };
  const source = await openSource(path);
  const { packed } = source;
  try {
    for await (const piece of source.stream as AsyncIterable<Buffer>) {
      unpacked.bytes += piece.length;
      const end = piece.lastIndexOf(LINE_END) + 1;
      if (end === 0) {
        rest = Buffer.concat([rest, piece]);
        if (rest.length > LONGEST_LINE) {
          throw new ConfigError("NOT_TEXT", `${inputName(path)} line ${line} is longer than 16 MB: give CSV or NDJSON`);
        }
        continue;
      }
      const whole = rest.length === 0 ? piece.subarray(0, end) : Buffer.concat([rest, piece.subarray(0, end)]);
      rest = Buffer.from(piece.subarray(end));
      yield { bytes: whole, line };
      for (let at = whole.indexOf(LINE_END); at >= 0; at = whole.indexOf(LINE_END, at + 1)) line += 1;
    }
    if (packed && path !== "-" && !(await isWhole(path, unpacked.bytes))) {
      const how = "the compressed data stops in the middle; the lines before are used. Copy the file again";
      faults.add("GZIP_CUT", line, () => how);
      // Half a line would be a wrong number.
      rest = Buffer.alloc(0);
    }
  } catch (error) {
    if (!packed || !isZlibError(error)) throw error;
    const how = `the compressed data is damaged (${error.message}); the lines before are used. Copy the file again`;
    faults.add("GZIP_BROKEN", line, () => how);
    return;
  } finally {
    await source.close();
  }
  if (rest.length > 0) yield { bytes: rest, line };
}

interface Source {
  /** Unpacked. */
  readonly stream: Readable;
  readonly packed: boolean;
  /** Also in the middle; a file is not open any more afterwards. */
  close(): Promise<void>;
}

async function openSource(path: string): Promise<Source> {
  if (path === "-") {
    const pieces = process.stdin[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    const first = await pieces.next();
    const all = (async function* () {
      if (first.done !== true) yield first.value;
      yield* { [Symbol.asyncIterator]: () => pieces };
    })();
    const source = Readable.from(all, { objectMode: false });
    const stream = unpackedIf(first.done !== true && isGzip(first.value), source, true);
    // Not waited for: stdin may have nothing more to say for long.
    return { stream, packed: stream !== source, close: async () => void source.destroy() };
  }
  try {
    const file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    await file.close();
    const source = createReadStream(path, { highWaterMark: PIECE });
    const closed = new Promise<void>((resolve) => source.once("close", resolve));
    const stream = unpackedIf(bytesRead === 2 && isGzip(buffer), source, false);
    const close = (): Promise<void> => {
      source.destroy();
      return closed;
    };
    return { stream, packed: stream !== source, close };
  } catch (error) {
    throw new ConfigError("NO_INPUT", `cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function unpackedIf(packed: boolean, stream: Readable, strict: boolean): Readable {
  if (!packed) return stream;
  // Without this flush a cut would throw away what is unpacked already; `isWhole` finds the cut afterwards.
  const gunzip = createGunzip({ chunkSize: PIECE, ...(strict ? {} : { finishFlush: constants.Z_SYNC_FLUSH }) });
  stream.once("error", (error) => gunzip.destroy(error));
  return stream.pipe(gunzip);
}

const isGzip = (bytes: Buffer): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

function isZlibError(error: unknown): error is Error {
  return error instanceof Error && "code" in error && String(error.code).startsWith("Z_");
}

/** By the length at its end (RFC 1952, ISIZE); a file of several members is unpacked once more to know. */
async function isWhole(path: string, bytes: number): Promise<boolean> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, Math.max(0, size - 4));
    if (size >= 18 && buffer.readUInt32LE(0) === bytes % 2 ** 32) return true;
  } finally {
    await file.close();
  }
  try {
    const nowhere = new Writable({ write: (_, __, done) => done() });
    await pipeline(createReadStream(path), createGunzip(), nowhere);
    return true;
  } catch (error) {
    if (isZlibError(error)) return false;
    throw error;
  }
}
