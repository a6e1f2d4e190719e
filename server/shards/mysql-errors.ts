import { StoreError } from "./contract.ts";

/** ER_LOCK_DEADLOCK: this statement was rolled back, so that another could go on. */
const DEADLOCK = 1213;
const DEADLOCK_TRIES = 5;
/** ER_BAD_NULL_ERROR */
const NULL_REFUSED = 1048;

/** What the database said of a statement, or nothing when it did not answer. */
export interface DatabaseError {
  readonly errno?: number;
  readonly sqlState?: string;
  readonly sqlMessage?: string;
}

/** What the database said, when it is what an error stands for. */
export function databaseError(error: unknown): DatabaseError {
  return error instanceof StoreError ? (error.cause ?? {}) : {};
}

/** Whether a statement was refused because it set this column to NULL: how one says from within that it must not be. */
export function isNullColumn(error: unknown, column: string): boolean {
  const { errno, sqlMessage = "" } = databaseError(error);
  return errno === NULL_REFUSED && new RegExp(`\\b${column}\\b`, "u").test(sqlMessage);
}

/** Runs a statement again that the database gave up to end a deadlock. */
export async function retried<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await call();
    } catch (error) {
      if (databaseError(error).errno !== DEADLOCK || tries === DEADLOCK_TRIES) throw error;
    }
  }
}
