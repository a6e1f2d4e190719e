import { ERRORS, type Outcome } from "../../server/protocol/errors.ts";

/** Codes of failures that no frame of the server tells. */
export const NO_ANSWER = "NO_ANSWER";
export const NOT_CONNECTED = "NOT_CONNECTED";

/**
 * Messages that were due and not acknowledged, one entry a message, in columns of equal length: 20 bytes each, since at
 * a full queue a third of a long run may end here.
 */
export interface FailedMessages {
  /** Every code that occurs: one of the protocol's, `NO_ANSWER`, `NOT_CONNECTED`, or `UNLISTED`. */
  readonly codes: readonly string[];
  /** Indexes into `codes`. */
  readonly code: ArrayLike<number>;
  /** Intended moments, whole ms after the start of the schedule. */
  readonly at: ArrayLike<number>;
  readonly author: ArrayLike<number>;
  readonly to: ArrayLike<number>;
  /** Number of the message among its author's in its dialog; 0: it was never sent. */
  readonly seq: ArrayLike<number>;
}

/** One of them. */
export interface FailedMessage {
  readonly code: string;
  /** ms after the start of the schedule. */
  readonly at: number;
  readonly author: number;
  readonly to: number;
  readonly seq: number;
}

/** Takes failed messages one by one. */
export interface FailedLog {
  add(failed: FailedMessage): void;
  toData(): FailedMessages;
}

export const NO_FAILURES: FailedMessages = { codes: [], code: [], at: [], author: [], to: [], seq: [] };

const COLUMNS = ["code", "at", "author", "to", "seq"] as const;
const FIRST_ROOM = 64;

export function createFailedLog(): FailedLog {
  const codes: string[] = [];
  let columns = COLUMNS.map(() => new Uint32Array(FIRST_ROOM));
  let count = 0;

  function grow(): void {
    columns = columns.map((old) => {
      const column = new Uint32Array(2 * old.length);
      column.set(old);
      return column;
    });
  }

  return {
    add({ code, at, author, to, seq }) {
      if (count === columns[0]?.length) grow();
      let index = codes.indexOf(code);
      if (index < 0) index = codes.push(code) - 1;
      [index, Math.max(0, Math.floor(at)), author, to, seq].forEach((value, i) => (columns[i]![count] = value));
      count += 1;
    },
    toData() {
      const [code, at, author, to, seq] = columns.map((column) => column.slice(0, count));
      return { codes: [...codes], code: code!, at: at!, author: author!, to: to!, seq: seq! };
    },
  };
}

/** All of them, in order. */
export function* eachFailure(data: FailedMessages): Generator<FailedMessage> {
  for (let i = 0; i < data.code.length; i += 1) {
    yield {
      code: data.codes[data.code[i]!]!,
      at: data.at[i]!,
      author: data.author[i]!,
      to: data.to[i]!,
      seq: data.seq[i]!,
    };
  }
}

/** All failures of several generators. */
export function mergeFailures(parts: readonly FailedMessages[]): FailedMessages {
  const log = createFailedLog();
  for (const part of parts) for (const failed of eachFailure(part)) log.add(failed);
  return log.toData();
}

/** What became of a message that failed with this code: one of `notConnected` never left the generator. */
export function outcomeOf(code: string): Outcome | "notConnected" {
  if (code === NOT_CONNECTED) return "notConnected";
  const row: { readonly outcome: Outcome } | undefined = Object.hasOwn(ERRORS, code)
    ? ERRORS[code as keyof typeof ERRORS]
    : undefined;
  return row?.outcome ?? "unknown";
}

/** Client message ids, the same for every driver, so that set sums of the same traffic are the same. */
export function clientId(runId: string, author: number, to: number, seq: number): string {
  return `${runId}-${author}-${to}-${seq}`;
}

/** The number in a client message id of this run; 0 when it is none that `clientId` gives for these two. */
export function clientNumber(client: string, runId: string, author: number, to: number): number {
  const prefix = `${runId}-${author}-${to}-`;
  const text = client.startsWith(prefix) ? client.slice(prefix.length) : "";
  const seq = Number(text);
  return seq > 0 && String(seq) === text ? seq : 0;
}
