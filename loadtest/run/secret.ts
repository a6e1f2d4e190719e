import { DEVELOPMENT_SECRET } from "../../server/protocol/secret.ts";

/** The secret that server and generators share: `HOTSHARD_SECRET`, else the documented development secret. */
export function sharedSecret(env: Readonly<Record<string, string | undefined>>): string {
  const secret = env["HOTSHARD_SECRET"];
  return secret === undefined || secret === "" ? DEVELOPMENT_SECRET : secret;
}
