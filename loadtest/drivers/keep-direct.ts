import { isLoopback } from "./chat-address.ts";

type Environment = Record<string, string | undefined>;

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]", "::1"];
/** Some programs read the one, some the other, and Node prefers the small letters. */
const NAMES = ["no_proxy", "NO_PROXY"] as const;

/**
 * Sees to it that a loopback address is never asked through a proxy, by this process and those that it starts: a proxy
 * has a loopback of its own. Node's `fetch` reads `NO_PROXY` anew for each request, and asks a proxy for loopback too
 * unless it stands there.
 *
 * @param url an address that will be asked, of another loopback than the usual one perhaps (127.0.0.2); what is none is
 *   left alone
 */
export function keepLoopbackDirect(env: Environment, url?: string): void {
  const { hostname = "" } = url !== undefined && URL.canParse(url) ? new URL(url) : {};
  const hosts = isLoopback(hostname) ? [...LOOPBACK, hostname] : LOOPBACK;
  const [small, capitals] = NAMES.map((name) => env[name]);
  for (const [name, given] of [
    [NAMES[0], small ?? capitals],
    [NAMES[1], capitals ?? small],
  ] as const) {
    const entries = (given ?? "").split(/[\s,]+/u).filter((entry) => entry !== "");
    if (!entries.includes("*")) env[name] = [...new Set([...entries, ...hosts])].join(",");
  }
}
