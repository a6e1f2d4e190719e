import crypto from "k6/crypto";
import encoding from "k6/encoding";

const HEAD = encoding.b64encode('{"alg":"HS256","typ":"JWT"}', "rawurl");

/** A bearer token (JWT, HS256) of that user, as RFC 7519 and the server's `auth.ts` have it. */
export function signToken(user: number, secret: string, claims: Record<string, string> = {}): string {
  const body = encoding.b64encode(JSON.stringify({ sub: String(user), ...claims }), "rawurl");
  return `${HEAD}.${body}.${crypto.hmac("sha256", secret, `${HEAD}.${body}`, "base64rawurl")}`;
}
