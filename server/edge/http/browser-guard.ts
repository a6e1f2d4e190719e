import { isIP } from "node:net";
import type { FastifyInstance } from "fastify";
import fp from "fastify-plugin";
import type { Config } from "../../config.ts";
import { ApiError } from "./api-error.ts";

export type GuardOptions = Pick<Config, "dev" | "originList" | "secretIsPublic">;

/**
 * What a browser would do for a page of somebody else.
 *
 * - `Origin`, which browsers send with a WebSocket and scripts of other programs do not: the server's own, or one of
 *   `--origins`. No page of another site may use the tokens or the network of whoever looks at it.
 * - `Host`, while the secret is the public one: a name that is bound to loopback. A page that has its own name resolve
 *   to
 *   127.0.0.1 is of the server's own origin for the browser, but its `Host` is still its name.
 */
export const browserGuard = fp(
  async (app: FastifyInstance, options: GuardOptions) => {
    app.addHook("onRequest", async (request) => {
      const { host } = request.headers;
      if (!servesHost(host ?? "", options)) {
        throw new ApiError("FORBIDDEN", `not served as ${host}: ${remedy(options)}`);
      }
      const { origin } = request.headers;
      if (origin !== undefined && !servesOrigin(origin, host ?? "", options)) {
        throw new ApiError("FORBIDDEN", "pages of this origin are not served: --origins names those that are");
      }
    });
  },
  { name: "browser-guard", dependencies: ["api-errors"] },
);

function remedy({ dev }: GuardOptions): string {
  return dev
    ? "with the public development secret by address, a name without dots, or one of --origins"
    : "with the public development secret by names of loopback alone (localhost, 127.0.0.1)";
}

/**
 * Whether requests for this host are answered. With a secret of one's own all are: a token is needed then.
 *
 * @param host as in the header, with or without a port
 */
export function servesHost(host: string, { dev, originList, secretIsPublic }: GuardOptions): boolean {
  if (!secretIsPublic) return true;
  const name = nameOf(host);
  if (name === null) return false;
  if (isLoopbackName(name)) return true;
  // Nobody else can make these resolve to this server, and a container is reached by them.
  if (dev && (isIP(name) > 0 || !name.includes("."))) return true;
  return dev && originList.some((origin) => nameOf(new URL(origin).host) === name);
}

/** Whether a page of this origin may connect. */
export function servesOrigin(origin: string, host: string, { originList }: GuardOptions): boolean {
  if (originList.includes(origin)) return true;
  // The scheme is not compared: a proxy may have ended TLS.
  return URL.canParse(origin) && host !== "" && new URL(origin).host === hostOf(host, new URL(origin).protocol);
}

/** Without a port that is the scheme's own, in small letters. */
function hostOf(host: string, protocol: string): string | null {
  const url = `${protocol}//${host}`;
  return URL.canParse(url) ? new URL(url).host : null;
}

/** Without the port, and without the brackets of an IPv6 address. */
function nameOf(host: string): string | null {
  const url = `http://${host}`;
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "") : null;
}

function isLoopbackName(name: string): boolean {
  if (name === "localhost" || name.endsWith(".localhost") || name === "::1") return true;
  return isIP(name) === 4 && name.startsWith("127.");
}
