import { createReadStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { ConfigError } from "../../../server/config-error.ts";
import { OPERATIONS, type Operation, type OperationsHead, type PageOperation } from "../../measurement/operations.ts";

/** The version of the log that this reads: earlier ones have no texts and no pages. */
const VERSION = 2;
const CODES: ReadonlySet<unknown> = new Set(Object.values(OPERATIONS));

/** Where the operations came from, by their numbers. */
export interface LogPlaces {
  /** @returns `operations-00.ndjson.gz line 12` of operation 10 */
  of(operation: number): string;
}

/**
 * Hands over every operation of some files of a run, one file after the other.
 *
 * @param startedAt start of the schedule, epoch ms: a file that counts from another moment is brought to it
 * @param places of files that were read before these; they are added to
 * @throws {ConfigError} BAD_LOG with file and line; OTHER_LOG of another version
 */
export async function eachOperation(
  folder: string,
  files: readonly string[],
  startedAt: number,
  take: (operation: Operation) => void,
  places = createPlaces(),
): Promise<Places> {
  for (const file of files) {
    const path = join(folder, file);
    let line = 0;
    let shift = 0;
    for await (const text of linesOf(path)) {
      line++;
      if (line === 1) {
        const head = headOf(text, path);
        shift = head.startedAt === undefined ? 0 : head.startedAt - startedAt;
        places.begin(file);
      } else {
        take(shifted(operationOf(text, path, line), shift));
        places.count++;
      }
    }
    if (line === 0) throw new ConfigError("BAD_LOG", `${path} is empty`);
  }
  return places;
}

/** Grows with each file that is read. */
interface Places extends LogPlaces {
  count: number;
  begin(file: string): void;
}

function createPlaces(): Places {
  const files: { readonly file: string; readonly first: number }[] = [];
  const places: Places = {
    count: 0,
    begin: (file) => void files.push({ file, first: places.count }),
    of(operation) {
      const found = files.findLast(({ first }) => first <= operation);
      // The head is line 1.
      return `${found?.file ?? "?"} line ${operation - (found?.first ?? 0) + 2}`;
    },
  };
  return places;
}

/** @throws {ConfigError} BAD_LOG when it cannot be unpacked to its end */
async function* linesOf(path: string): AsyncGenerator<string> {
  const unpacked = pipeline(createReadStream(path), createGunzip(), () => {}).setEncoding("utf8");
  let rest = "";
  try {
    for await (const chunk of unpacked) {
      const lines = `${rest}${String(chunk)}`.split("\n");
      rest = lines.pop() ?? "";
      yield* lines;
    }
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError("BAD_LOG", `${path} cannot be unpacked: ${String(error)}`);
  }
  if (rest !== "") yield rest;
}

function headOf(text: string, path: string): OperationsHead {
  const head = parsed(text) as Partial<OperationsHead> | null;
  if (typeof head?.version !== "number" || typeof head.run !== "string")
    throw new ConfigError("BAD_LOG", `${path} line 1 is not {version, run, share}`);
  const version: number = head.version;
  if (version !== VERSION) {
    const remedy = version < VERSION ? "run again" : "take a newer hotshard";
    throw new ConfigError("OTHER_LOG", `${path} is of version ${version}, and this reads ${VERSION}; ${remedy}`);
  }
  return head as OperationsHead;
}

function operationOf(text: string, path: string, line: number): Operation {
  const value = parsed(text);
  if (isOperation(value)) return value;
  throw new ConfigError("BAD_LOG", `${path} line ${line} is no operation [code, ms, user, user, number, …]`);
}

function isOperation(value: unknown): value is Operation {
  if (!Array.isArray(value) || !CODES.has(value[0])) return false;
  if (!value.slice(1, 5).every((part) => typeof part === "number")) return false;
  if (value[0] !== OPERATIONS.page) return value.slice(5).every((part) => typeof part === "string");
  const page: unknown = value[5];
  if (typeof page !== "object" || page === null) return false;
  if (!("rows" in page && "stable" in page && "begin" in page && Array.isArray(page.rows))) return false;
  return typeof page.begin === "number" && typeof page.stable === "string" && page.rows.every(isRow);
}

const isRow = (row: unknown): boolean =>
  Array.isArray(row) && row.length === 4 && typeof row[0] === "number" && typeof row[2] === "string";

function shifted(operation: Operation, shift: number): Operation {
  if (shift === 0) return operation;
  if (operation[0] !== OPERATIONS.page) return operation.with(1, operation[1] + shift) as unknown as Operation;
  const [code, at, lower, higher, read, page] = operation;
  return [code, at + shift, lower, higher, read, { ...page, begin: page.begin + shift }] satisfies PageOperation;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
