import { ERRORS, type ErrorCode } from "./errors.ts";
import {
  LIMITS,
  type ClientFrame,
  type HelloFrame,
  type HistoryFrame,
  type PingFrame,
  type SendFrame,
} from "./frames.ts";

/** Why a WebSocket message was rejected as a whole; `id` is that of the offending frame, where it can be read. */
export interface Rejection {
  readonly code: ErrorCode;
  readonly message: string;
  readonly id?: string;
  /** Frames of the message, as far as they can be told apart; at least 1. */
  readonly frames: number;
}

export type Decoded = { readonly frames: readonly ClientFrame[] } | { readonly rejected: Rejection };

type Fields = Readonly<Record<string, unknown>>;

/**
 * Decodes one WebSocket text message: a frame object or an array of them. All frames are valid or none is returned.
 * Unknown fields are ignored, so that a newer client can talk to an older server.
 *
 * @param text the whole message
 * @param user the connection's user, or null before `hello`
 */
export function decode(text: string, user: number | null): Decoded {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return reject("the message is not JSON", 1);
  }
  if (!Array.isArray(value)) {
    const fault = faultOf(value, user, true);
    return fault === null ? { frames: [value as ClientFrame] } : reject(fault, 1, value);
  }
  if (value.length === 0 || value.length > LIMITS.frames) {
    return reject(`an array holds 1 to ${LIMITS.frames} frames, this one ${value.length}`, value.length);
  }
  for (let index = 0; index < value.length; index++) {
    const fault = faultOf(value[index], user, value.length === 1);
    if (fault !== null) {
      const where = `frame ${index + 1} of ${value.length}`;
      return reject(`${where}: ${fault}; none was applied`, value.length, value[index]);
    }
  }
  return { frames: value as ClientFrame[] };
}

/** The error frame for a code, as JSON text; `detail` says what happened, `id` which frame it answers. */
export function encodeError(code: ErrorCode, detail: string, id?: string): string {
  const row = ERRORS[code];
  return JSON.stringify({
    type: "error",
    ...(id !== undefined && { id }),
    code,
    retryable: row.retryable,
    message: detail,
  });
}

function reject(message: string, frames: number, frame?: unknown): Decoded {
  const id = isFields(frame) && isClientId(frame["id"]) ? frame["id"] : undefined;
  const rejected = { code: "BAD_FRAME", message, frames: Math.max(1, frames) } as const;
  return { rejected: id === undefined ? rejected : { ...rejected, id } };
}

function faultOf(frame: unknown, user: number | null, alone: boolean): string | null {
  if (!isFields(frame)) return "a frame is a JSON object";
  switch (frame["type"]) {
    case "send":
      return faultOfSend(frame, user);
    case "hello":
      return faultOfHello(frame, alone);
    case "history":
      return faultOfHistory(frame, user);
    case "ping":
      return faultOfId(frame);
    default:
      return "`type` is one of hello, send, history, ping";
  }
}

function faultOfHello(frame: Fields, alone: boolean): string | null {
  if (typeof frame["token" satisfies keyof HelloFrame] !== "string") return "`token` is a string";
  return alone ? null : "`hello` comes alone in its message";
}

function faultOfSend(frame: Fields, user: number | null): string | null {
  const text = frame["text" satisfies keyof SendFrame];
  if (typeof text !== "string" || text.length === 0 || text.length > LIMITS.text || !text.isWellFormed()) {
    return `\`text\` is a string of 1 to ${LIMITS.text} characters of well-formed Unicode`;
  }
  const resend = frame["resend" satisfies keyof SendFrame];
  if (resend !== undefined && typeof resend !== "boolean") return "`resend` is true or false";
  const after = frame["after" satisfies keyof SendFrame];
  if (after !== undefined && !isMessageId(after)) return "`after` is a message id: a string of digits";
  const traceparent = frame["traceparent" satisfies keyof SendFrame];
  if (traceparent !== undefined && !isTraceparent(traceparent)) {
    return "`traceparent` is that of W3C Trace Context, version 00: 00-TRACE-PARENT-FLAGS";
  }
  return faultOfId(frame) ?? faultOfPeer(frame, "to", user);
}

function faultOfHistory(frame: Fields, user: number | null): string | null {
  const before = frame["before" satisfies keyof HistoryFrame];
  if (before !== undefined && !isMessageId(before)) return "`before` is a message id: a string of digits";
  const limit = frame["limit" satisfies keyof HistoryFrame];
  if (limit !== undefined && !isIntegerWithin(limit, 1, LIMITS.page)) return `\`limit\` is 1 to ${LIMITS.page}`;
  return faultOfId(frame) ?? faultOfPeer(frame, "with", user);
}

function faultOfId(frame: Fields): string | null {
  return isClientId(frame["id" satisfies keyof PingFrame])
    ? null
    : `\`id\` is a string of 1 to ${LIMITS.id} characters of well-formed Unicode`;
}

function faultOfPeer(frame: Fields, peer: "to" | "with", user: number | null): string | null {
  const other = frame[peer];
  const group = frame["group" satisfies keyof SendFrame];
  if ((other === undefined) === (group === undefined)) return `exactly one of \`${peer}\` and \`group\` is given`;
  if (!isUserId(other ?? group)) return `\`${other === undefined ? "group" : peer}\` is an integer from 1 to 2^53 - 1`;
  return other === user ? `\`${peer}\` is the user itself` : null;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value is a client's own id: 1 to 64 characters of well-formed Unicode. */
export function isClientId(value: unknown): value is string {
  return typeof value === "string" && value.length >= 1 && value.length <= LIMITS.id && value.isWellFormed();
}

/** Whether a value is a user or group id: an integer from 1 to 2^53 − 1. */
export function isUserId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

/** Whether a value is a message id: decimal digits of a number from 0 to 2^63 − 1, without leading zeros. */
export function isMessageId(value: unknown): value is string {
  if (typeof value !== "string" || !/^(?:0|[1-9]\d{0,18})$/.test(value)) return false;
  return value.length < 19 || value <= "9223372036854775807";
}

/** https://www.w3.org/TR/trace-context/#traceparent-header: lower case, and neither id is all zeros. */
function isTraceparent(value: unknown): value is string {
  return typeof value === "string" && /^00-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/.test(value);
}

function isIntegerWithin(value: unknown, low: number, high: number): value is number {
  return Number.isInteger(value) && (value as number) >= low && (value as number) <= high;
}
