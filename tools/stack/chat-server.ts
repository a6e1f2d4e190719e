import { join } from "node:path";
import { SERVER_PROGRAM } from "../../loadtest/run/own-server.ts";
import { packageVersion } from "../../loadtest/system/version.ts";
import type { Part } from "./contract.ts";
import { answers } from "./http.ts";

export interface ChatServer {
  readonly folder: string;
  readonly port: number;
  readonly shardUrls: readonly string[];
  /** Where its log lines go beside its own log file; null when there is no Loki. */
  readonly lokiUrl: string | null;
}

/** The chat server as a part of the stack; whatever else `HOTSHARD_…` says of a server holds for it too. */
export function chatServerPart({ folder, port, shardUrls, lokiUrl }: ChatServer): Part {
  const address = `http://127.0.0.1:${port}`;
  return {
    name: "server",
    address,
    port,
    async prepare() {
      return {
        program: process.execPath,
        args: [SERVER_PROGRAM, "--host", "127.0.0.1", "--port", String(port), "--data", join(folder, "sqlite")],
        env: {
          HOTSHARD_SHARDS: shardUrls.join(","),
          ...(lokiUrl === null ? {} : { HOTSHARD_LOKI_URL: lokiUrl }),
        },
      };
    },
    isReady: () => answers(`${address}/readyz`),
    version: async () => packageVersion(),
  };
}
