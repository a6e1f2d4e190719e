import { ConfigError } from "../../server/config-error.ts";
import type { ShardsReply } from "../../server/protocol/http.ts";
import type {
  ChangeBody,
  ChangeReply,
  MoveStatus,
  RebalanceBody,
  RebalanceReply,
  Verification,
  VerifyLine,
} from "../../server/protocol/shards.ts";
import { createRequests } from "./server-client.ts";

/** What `hotshard shards` asks of a running server. What the server refuses is a ConfigError with its code. */
export interface ShardsClient {
  list(): Promise<ShardsReply>;
  change(body: ChangeBody): Promise<ChangeReply>;
  /** @param progress told the rows that were read, and how many there are about */
  verify(progress: (seen: number, of: number) => void): Promise<Verification>;
  rebalance(body: RebalanceBody): Promise<RebalanceReply>;
  moves(): Promise<MoveStatus>;
  stopRebalance(): Promise<MoveStatus>;
}

/** @param url WebSocket address of the chat. @throws {ConfigError} BAD_URL; the calls SERVER_UNREACHABLE, and refusals */
export function createShardsClient(url: string, secret: string): ShardsClient {
  const { lines, request } = createRequests(url, secret);
  return {
    list: () => request("GET", "/v1/shards"),
    change: (body) => request("POST", "/v1/shards/changes", body),
    rebalance: (body) => request("POST", "/v1/shards/rebalance", body),
    moves: () => request("GET", "/v1/shards/rebalance"),
    stopRebalance: () => request("DELETE", "/v1/shards/rebalance"),
    async verify(progress) {
      for await (const line of lines<VerifyLine>("/v1/shards/verify")) {
        if ("found" in line) return line.found;
        if ("error" in line) throw new ConfigError(line.error.code, line.error.message);
        progress(line.seen, line.of);
      }
      throw new ConfigError("SERVER_UNREACHABLE", "the server ended before it had looked at all messages");
    },
  };
}
