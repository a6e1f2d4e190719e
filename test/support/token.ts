import { createHmac } from "node:crypto";
import { DEVELOPMENT_SECRET } from "../../server/protocol/secret.ts";

const HASHES: Readonly<Record<string, string>> = { HS256: "sha256", HS384: "sha384", HS512: "sha512" };

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");

/**
 * A JWT with any claims, for tests of what a server must not accept too.
 *
 * @param options.alg an HMAC algorithm, or `none`, which leaves the signature empty
 */
export function signToken(claims: object, options: { alg?: string; secret?: string } = {}): string {
  const { alg = "HS256", secret = DEVELOPMENT_SECRET } = options;
  const body = `${encode({ alg, typ: "JWT" })}.${encode(claims)}`;
  const hash = HASHES[alg];
  return `${body}.${hash === undefined ? "" : createHmac(hash, secret).update(body).digest("base64url")}`;
}

/** A token that lasts an hour. */
export function tokenOf(user: number, role?: "admin"): string {
  return signToken({ sub: String(user), exp: nowS() + 3_600, ...(role !== undefined && { role }) });
}

/** Unix seconds. */
export function nowS(): number {
  return Math.floor(Date.now() / 1_000);
}
