import { createHmac } from "node:crypto";

export const DAY_S = 86_400;

function encode(claims: object): string {
  return Buffer.from(JSON.stringify(claims)).toString("base64url");
}

const HEAD = encode({ alg: "HS256", typ: "JWT" });

/**
 * A bearer token (JWT, HS256).
 *
 * @param secret what the server verifies with
 * @param user id, 1 to 2^53 − 1
 * @param role `admin` opens the audit and the shard status
 * @param lastsS a day, if nothing is said
 */
export function createToken(secret: string, user: number, role?: "admin", lastsS = DAY_S): string {
  const iat = Math.floor(Date.now() / 1000);
  const body = `${HEAD}.${encode({ sub: String(user), iat, exp: iat + Math.ceil(lastsS), ...(role && { role }) })}`;
  return `${body}.${createHmac("sha256", secret).update(body).digest("base64url")}`;
}
