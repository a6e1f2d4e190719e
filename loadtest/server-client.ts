import type { AuditDialogsReply, AuditMessageReply, AuditReply, ShardsReply } from "../server/protocol/http.ts";
import { ConfigError } from "../server/placement/contract.ts";
import type { UnknownMessage } from "./drivers/contract.ts";
import { createToken } from "./drivers/token.ts";

/** What the harness asks of the server over HTTP, with an admin token. */
export interface ServerClient {
  shards(): Promise<ShardsReply>;
  audit(run: string): Promise<AuditReply>;
  auditDialogs(run: string): Promise<AuditDialogsReply>;
  find(message: UnknownMessage): Promise<AuditMessageReply>;
}

/**
 * @param url WebSocket address of the chat
 * @throws {ConfigError} BAD_URL; the calls throw SERVER_UNREACHABLE or SERVER_REFUSED
 */
export function createServerClient(url: string, secret: string): ServerClient {
  const base = httpBase(url);
  const headers = { authorization: `Bearer ${createToken(secret, 1, "admin")}` };

  async function get<T>(path: string): Promise<T> {
    let response: Response;
    try {
      response = await fetch(base + path, { headers });
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      throw new ConfigError(
        "SERVER_UNREACHABLE",
        `no server answers at ${base} (${cause}); start one with \`hotshard serve\``,
      );
    }
    if (response.ok) return (await response.json()) as T;
    const hint = response.status === 401 ? "; server and generator need the same HOTSHARD_SECRET" : "";
    throw new ConfigError(
      "SERVER_REFUSED",
      `${base}${path} answered ${response.status}: ${await response.text()}${hint}`,
    );
  }

  return {
    shards: () => get("/v1/shards"),
    audit: (run) => get(`/v1/audit?run=${run}`),
    auditDialogs: (run) => get(`/v1/audit/dialogs?run=${run}`),
    find: ({ dialog, author, client }) =>
      get(`/v1/audit/message?${new URLSearchParams({ dialog, author: String(author), client }).toString()}`),
  };
}

function httpBase(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !/^wss?:$/u.test(parsed.protocol)) {
    throw new ConfigError("BAD_URL", `--url ${url}: write ws://HOST:PORT/chat`);
  }
  return `${parsed.protocol === "wss:" ? "https:" : "http:"}//${parsed.host}`;
}
