import type {
  AuditDialogsReply,
  AuditMessageReply,
  AuditReply,
  DialogReply,
  ShardsReply,
} from "../../server/protocol/http.ts";
import { ConfigError } from "../../server/config-error.ts";
import { isRefusal } from "../../server/protocol/refusals.ts";
import { httpBase } from "../drivers/chat-address.ts";
import type { UnknownMessage } from "../measurement/measurement.ts";
import { createToken } from "../drivers/token.ts";
import { keepLoopbackDirect } from "../drivers/keep-direct.ts";

const LONGEST_SHOWN = 200;

/** What the harness asks of the server over HTTP, with an admin token. */
export interface ServerClient {
  shards(): Promise<ShardsReply>;
  audit(run: string): Promise<AuditReply>;
  auditDialogs(run: string): Promise<AuditDialogsReply>;
  find(message: UnknownMessage): Promise<AuditMessageReply>;
  /** A page of a dialog's history. */
  messages(dialog: string, page: { readonly before?: string; readonly limit: number }): Promise<DialogReply>;
}

/**
 * @param url WebSocket address of the chat
 * @throws {ConfigError} BAD_URL; the calls throw SERVER_UNREACHABLE or SERVER_REFUSED
 */
export function createServerClient(url: string, secret: string): ServerClient {
  const { request } = createRequests(url, secret);
  const get = <T>(path: string): Promise<T> => request("GET", path);
  return {
    shards: () => get("/v1/shards"),
    audit: (run) => get(`/v1/audit?run=${run}`),
    auditDialogs: (run) => get(`/v1/audit/dialogs?run=${run}`),
    find: ({ dialog, author, client }) =>
      get(`/v1/audit/message?${new URLSearchParams({ dialog, author: String(author), client }).toString()}`),
    messages: (dialog, { before, limit }) =>
      get(`/v1/dialogs/${dialog}/messages?limit=${limit}${before === undefined ? "" : `&before=${before}`}`),
  };
}

/** Requests with an admin token. */
export interface Requests {
  readonly request: <T>(method: "DELETE" | "GET" | "POST", path: string, body?: object) => Promise<T>;
  /** An answer of lines of JSON, as they come. */
  readonly lines: <T>(path: string) => AsyncGenerator<T>;
}

/** As `createServerClient`; what the server refuses of its shards is thrown with the code that it has there. */
export function createRequests(url: string, secret: string): Requests {
  const base = checkedBase(url);
  keepLoopbackDirect(process.env, url);
  let hasAnswered = false;

  async function reach<T>(call: () => Promise<T>): Promise<T> {
    try {
      const answer = await call();
      hasAnswered = true;
      return answer;
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      // One that was there has gone: what to do about that its log knows.
      const remedy = hasAnswered ? "" : "; start one with `hotshard serve`";
      throw new ConfigError("SERVER_UNREACHABLE", `no server answers at ${base} (${cause})${remedy}`);
    }
  }

  function send(method: string, path: string, body?: object): Promise<Response> {
    // Made for each request: a run may last longer than a token.
    const authorization = `Bearer ${createToken(secret, 1, "admin")}`;
    const sent = body && { body: JSON.stringify(body), headers: { authorization, "content-type": "application/json" } };
    return reach(() => fetch(base + path, { method, headers: { authorization }, ...sent }));
  }

  function refusal(path: string, status: number, text: string): ConfigError {
    const { code, message } = (parsed(text) ?? {}) as { readonly code?: unknown; readonly message?: unknown };
    if (typeof code === "string" && isRefusal(code)) return new ConfigError(code, oneLine(String(message)));
    const hint = status === 401 ? "; server and generator need the same HOTSHARD_SECRET" : "";
    return new ConfigError("SERVER_REFUSED", `${base}${path} answered ${status}${saidBy(text)}${hint}`);
  }

  return {
    async request<T>(method: string, path: string, body?: object) {
      const response = await send(method, path, body);
      const text = await reach(() => response.text());
      const reply = response.ok ? parsed(text) : null;
      if (reply === null) throw refusal(path, response.status, text);
      return reply as T;
    },
    async *lines<T>(path: string) {
      const response = await send("GET", path);
      if (!response.ok || response.body === null) {
        throw refusal(path, response.status, await reach(() => response.text()));
      }
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = ""; ;) {
        const { done, value } = await reach(() => reader.read());
        if (done) return;
        const whole = (rest + value).split("\n");
        rest = whole.pop()!;
        for (const line of whole) yield JSON.parse(line) as T;
      }
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

/** What a refusal says: hotshard's has a code and words. */
function saidBy(text: string): string {
  const body = parsed(text) as { readonly code?: unknown; readonly message?: unknown } | null;
  if (typeof body?.code !== "string") return `, and not as hotshard does: ${oneLine(text)}`;
  return ` ${oneLine(`${body.code}: ${typeof body.message === "string" ? body.message : ""}`)}`;
}

/** Whoever answers may be no server of ours, and send a whole page. */
function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/gu, " ").trim();
  return line.length > LONGEST_SHOWN ? `${line.slice(0, LONGEST_SHOWN)}…` : line;
}

function checkedBase(url: string): string {
  const { href, protocol } = URL.canParse(url) ? new URL(url) : { href: url, protocol: "" };
  if (!/^wss?:$/u.test(protocol)) throw new ConfigError("BAD_URL", `--url ${url}: write ws://HOST:PORT/chat`);
  return httpBase(href);
}
