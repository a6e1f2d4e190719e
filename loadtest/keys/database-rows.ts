import { createConnection, type Connection, type RowDataPacket } from "mysql2/promise";
import { ConfigError } from "../../server/config-error.ts";
import { createRandom } from "../traffic/random.ts";
import type { DatabaseQuestion } from "./database-question.ts";
import type { RowBatch } from "./row-batch.ts";
import { isTimeType, spanSql, timeColumn, type TimeColumn } from "./time-column.ts";
import { MINUTE_MS } from "./windows.ts";

/** Counts that a database gave, and how its minutes were drawn; `drawn` is null when every row was counted. */
export interface DatabaseRows {
  readonly rows: AsyncIterable<RowBatch>;
  readonly drawn: () => { readonly minutes: number; readonly ofMinutes: number } | null;
}

/** What is known of the table. */
interface Subject {
  readonly table: string;
  /** SQL of the key as text. */
  readonly key: string;
  /** Quoted. */
  readonly keyColumn: string;
  readonly time: TimeColumn | null;
  readonly first: number;
  readonly last: number;
  /** Whether minutes can be found without reading the whole table. */
  readonly indexed: boolean;
}

const CONNECT_MS = 10_000;
/** A statement was stopped by its own limit: MariaDB, MySQL. */
const TIMEOUTS = new Set([1969, 3024]);

/**
 * Asks a MySQL or MariaDB for messages per key, in read-only transactions of one statement each, none longer than what is
 * left of the time.
 *
 * With an index that begins with the time column, minutes are drawn at random, without replacement, until the rows or the
 * time are used up; else the whole table is counted, if the database estimates no more rows than allowed.
 *
 * @throws {ConfigError} while the rows are read: UNREACHABLE, DATABASE_REFUSED, NO_INDEX, TOO_MANY_ROWS, DATABASE_TOO_SLOW
 */
export function readDatabase(question: DatabaseQuestion): DatabaseRows {
  let drawn: { minutes: number; ofMinutes: number } | null = null;
  async function* rows(): AsyncGenerator<RowBatch> {
    const deadline = performance.now() + question.seconds * 1_000;
    const connection = await connect(question);
    try {
      const ask = await asker(connection, deadline);
      const subject = await lookUp(ask, question);
      if (subject.time === null || !subject.indexed) {
        yield* countAll(ask, subject);
        return;
      }
      drawn = { minutes: 0, ofMinutes: subject.last - subject.first + 1 };
      const left = yield* drawMinutes(ask, question, subject, subject.time, drawn, deadline);
      if (drawn.minutes === drawn.ofMinutes && left > 0) drawn = null;
    } catch (error) {
      throw explained(error, question);
    } finally {
      connection.destroy();
    }
  }
  return { rows: rows(), drawn: () => drawn };
}

/** The table, without user and password. */
export function describeQuestion({ host, port, database, table }: DatabaseQuestion): string {
  return `mysql://${host}:${port}/${database} ${table}`;
}

function explained(error: unknown, question: DatabaseQuestion): unknown {
  if (!(error instanceof Error) || error instanceof ConfigError || !("code" in error)) return error;
  const where = describeQuestion(question);
  if ("errno" in error && TIMEOUTS.has(Number(error.errno))) {
    const how = "allow more with --seconds, or export counts as docs/whatif.md says";
    return new ConfigError("DATABASE_TOO_SLOW", `${where} gave no answer within ${question.seconds} s: ${how}`);
  }
  const shown = question.password === "" ? error.message : error.message.replaceAll(question.password, "***");
  return new ConfigError("DATABASE_REFUSED", `${where}: ${shown}`);
}

async function connect(question: DatabaseQuestion): Promise<Connection> {
  const { host, port, user, password, database } = question;
  try {
    return await createConnection({
      host,
      port,
      user,
      password,
      database,
      charset: "utf8mb4",
      connectTimeout: CONNECT_MS,
      supportBigNumbers: true,
      bigNumberStrings: true,
      rowsAsArray: true,
    });
  } catch (error) {
    if (error instanceof Error && "sqlState" in error) throw explained(error, question);
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigError("UNREACHABLE", `${describeQuestion(question)} does not answer: ${why}`);
  }
}

/** Columns of the rows, as text. */
type Ask = (select: string, values?: readonly (string | number)[]) => Promise<(string | null)[][]>;

async function asker(connection: Connection, deadline: number): Promise<Ask> {
  await connection.query("SET SESSION TRANSACTION READ ONLY");
  await connection.query("SET SESSION time_zone = '+00:00'");
  const [[version]] = await connection.query<RowDataPacket[]>("SELECT VERSION()");
  const isMaria = String(version?.[0]).includes("MariaDB");
  return async (select, values = []) => {
    const left = Math.max(1, deadline - performance.now());
    const limited = isMaria
      ? `SET STATEMENT max_statement_time=${(left / 1_000).toFixed(3)} FOR SELECT ${select}`
      : `SELECT /*+ MAX_EXECUTION_TIME(${Math.ceil(left)}) */ ${select}`;
    const [rows] = await connection.query<RowDataPacket[]>(limited, [...values]);
    return rows.map((row) =>
      (row as unknown as (string | number | null)[]).map((value) => (value === null ? null : String(value))),
    );
  };
}

const quoted = (name: string): string =>
  name
    .split(".")
    .map((part) => `\`${part.replaceAll("`", "``")}\``)
    .join(".");

/** The type of a column, as in information_schema, once it is certain that the question can be asked of these columns. */
async function typesOf(
  ask: Ask,
  question: DatabaseQuestion,
  schema: string,
  name: string,
): Promise<(column: string) => string> {
  const columns = await ask(
    "COLUMN_NAME, DATA_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?",
    [schema, name],
  );
  const types = new Map(columns.map(([column, type]) => [column!.toLowerCase(), type!.toLowerCase()]));
  const known = [...types.keys()].join(", ");
  for (const column of [question.key, question.time ?? question.key]) {
    if (types.has(column.toLowerCase())) continue;
    const why =
      types.size === 0
        ? `there is no table ${question.table}`
        : `${question.table} has no column ${column}: it has ${known}`;
    throw new ConfigError("DATABASE_REFUSED", `${describeQuestion(question)}: ${why}`);
  }
  const typeOf = (column: string): string => types.get(column.toLowerCase())!;
  if (question.time !== null && !isTimeType(typeOf(question.time))) throw noTime(question, typeOf(question.time));
  return typeOf;
}

function noTime(question: DatabaseQuestion, what: string): ConfigError {
  const how = "name a column of dates or of whole numbers with --time";
  return new ConfigError("DATABASE_REFUSED", `${describeQuestion(question)}: ${question.time} is ${what}: ${how}`);
}

async function lookUp(ask: Ask, question: DatabaseQuestion): Promise<Subject> {
  const [schema, name] = question.table.includes(".")
    ? (question.table.split(".", 2) as [string, string])
    : [question.database, question.table];
  const typeOf = await typesOf(ask, question, schema, name);
  const [estimate] = await ask("TABLE_ROWS FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?", [
    schema,
    name,
  ]);
  const keyColumn = quoted(question.key);
  const subject = {
    table: quoted(question.table),
    keyColumn,
    // As bytes: a collation would make one key of those that differ in case or in spaces at the end.
    key: /binary|blob/u.test(typeOf(question.key)) ? `HEX(${keyColumn})` : `CAST(CAST(${keyColumn} AS CHAR) AS BINARY)`,
    tableRows: Number(estimate?.[0] ?? 0),
  };
  if (question.time === null) {
    refuseTooMany(question, subject.tableRows);
    return { ...subject, time: null, first: 0, last: 0, indexed: false };
  }
  const index = await ask(
    "1 FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND COLUMN_NAME = ? AND SEQ_IN_INDEX = 1 LIMIT 1",
    [schema, name, question.time],
  );
  const indexed = index.length > 0;
  if (!indexed) refuseTooMany(question, subject.tableRows);
  return { ...subject, indexed, ...(await spanOf(ask, question, subject.table, typeOf(question.time))) };
}

/** The first and the last minute: an index that begins with the column has them at its ends. */
async function spanOf(
  ask: Ask,
  question: DatabaseQuestion,
  table: string,
  type: string,
): Promise<Pick<Subject, "time" | "first" | "last">> {
  const column = quoted(question.time!);
  const [span] = await ask(`${spanSql(column, type)} FROM ${table}`);
  const [least, most] = (span ?? []).map((value) => (value === null ? 0n : BigInt(value.replace(/\..*$/u, ""))));
  const time = timeColumn(column, type, most ?? 0n);
  if (time === null) throw noTime(question, `up to ${most}`);
  return { time, first: time.minuteOf(least ?? 0n), last: time.minuteOf(most ?? 0n) };
}

/** Before the table is read: what is too much must not take the time that is allowed. */
function refuseTooMany(question: DatabaseQuestion, tableRows: number): void {
  if (tableRows <= question.rows) return;
  const where = `${describeQuestion(question)} has about ${tableRows} rows, more than --rows ${question.rows}`;
  if (question.time === null) {
    throw new ConfigError("TOO_MANY_ROWS", `${where}: name the column of the time with --time, or allow more`);
  }
  const how = "name an indexed column, allow more with --rows, or export counts as docs/whatif.md says";
  throw new ConfigError("NO_INDEX", `${where}, and no index begins with ${question.time}: ${how}`);
}

function batchOf(
  rows: readonly (readonly (string | null)[])[],
  minuteOf: ((row: readonly (string | null)[]) => number) | null,
): RowBatch {
  return {
    keys: rows.map(([key]) => Buffer.from(key!, "utf8").toString("latin1")),
    counts: rows.map(([, count]) => Number(count)),
    times: minuteOf === null ? [] : rows.map((row) => minuteOf(row) * MINUTE_MS),
    lines: rows.map((_, i) => i + 1),
  };
}

async function* countAll(ask: Ask, { table, key, keyColumn, time }: Subject): AsyncGenerator<RowBatch> {
  const minute = time === null ? "0" : time.minute;
  // A sample has no rows without a time either; as a number, NULL would be the minute of 1970.
  const used = `${keyColumn} IS NOT NULL${time === null ? "" : ` AND ${minute} IS NOT NULL`}`;
  // By position: a name would be looked for among the table's own columns first.
  const rows = await ask(
    `${key}, COUNT(*), ${minute} FROM ${table} WHERE ${used} GROUP BY ${time === null ? "1" : "1, 3"}`,
  );
  yield batchOf(rows, time === null ? null : ([, , at]) => Number(at));
}

/** @returns how many more rows might have been read */
async function* drawMinutes(
  ask: Ask,
  question: DatabaseQuestion,
  { table, key, keyColumn, first }: Subject,
  time: TimeColumn,
  drawn: { minutes: number; ofMinutes: number },
  deadline: number,
): AsyncGenerator<RowBatch, number> {
  const random = createRandom(29, 0);
  const seen = new Set<number>();
  const column = quoted(question.time!);
  let left = question.rows;
  while (seen.size < drawn.ofMinutes && left > 0 && performance.now() < deadline) {
    let minute = first + random.below(drawn.ofMinutes);
    while (seen.has(minute)) minute = first + ((minute + 1 - first) % drawn.ofMinutes);
    seen.add(minute);
    const inner = `SELECT ${key} AS k FROM ${table} WHERE ${column} >= ${time.placeholder} AND ${column} < ${time.placeholder} AND ${keyColumn} IS NOT NULL LIMIT ${left}`;
    try {
      const rows = await ask(`k, COUNT(*) FROM (${inner}) AS drawn GROUP BY k`, [
        time.startOf(minute),
        time.startOf(minute + 1),
      ]);
      const batch = batchOf(rows, () => minute);
      left -= batch.counts.reduce((sum, count) => sum + count, 0);
      drawn.minutes += 1;
      if (rows.length > 0) yield batch;
    } catch (error) {
      // What was read until the time was up is a sample all the same.
      const late = error instanceof Error && "errno" in error && TIMEOUTS.has(Number(error.errno));
      if (!late || drawn.minutes === 0) throw error;
      return left;
    }
  }
  return left;
}
