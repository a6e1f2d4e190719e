import jwt from "@fastify/jwt";
import type { FastifyInstance, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import { isUserId } from "../../protocol/decode.ts";
import { ApiError } from "./api-error.ts";

/** Who a token speaks for. */
export interface Identity {
  readonly user: number;
  readonly admin: boolean;
  /** When the token ends, Unix seconds; null when it does not. */
  readonly until: number | null;
}

declare module "fastify" {
  interface FastifyInstance {
    /** @throws {Error} when the token is forged, expired, unsigned, or has no user id in `sub` */
    verifyToken(token: string): Identity;
    /** The identity of the request's bearer token. @throws {ApiError} UNAUTHENTICATED */
    identify(request: FastifyRequest): Identity;
    /** @throws {ApiError} UNAUTHENTICATED, FORBIDDEN when the token has not `role: "admin"` */
    demandAdmin(request: FastifyRequest): Promise<Identity>;
  }
}

/** Rights follow from tokens (HS256) only, never from the peer's address. */
export const auth = fp(
  async (app: FastifyInstance, { secret }: { secret: string }) => {
    await app.register(jwt, { secret, sign: { algorithm: "HS256" }, verify: { algorithms: ["HS256"] } });

    app.decorate("verifyToken", (token: string): Identity => {
      const claims = app.jwt.verify<{ sub?: unknown; role?: unknown; exp?: unknown }>(token);
      const user = typeof claims.sub === "string" && /^[1-9]\d*$/.test(claims.sub) ? Number(claims.sub) : claims.sub;
      if (!isUserId(user)) throw new Error("the token's `sub` is not a user id");
      const until = typeof claims.exp === "number" ? claims.exp : null;
      return { user, admin: claims.role === "admin", until };
    });

    app.decorate("identify", (request: FastifyRequest): Identity => {
      const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
      if (token === undefined) throw new ApiError("UNAUTHENTICATED", "an `Authorization: Bearer` token is needed");
      try {
        return app.verifyToken(token);
      } catch (error) {
        throw new ApiError("UNAUTHENTICATED", error instanceof Error ? error.message : "the token is not valid");
      }
    });

    app.decorate("demandAdmin", async (request: FastifyRequest) => {
      const identity = app.identify(request);
      if (!identity.admin) throw new ApiError("FORBIDDEN", "a token with `role: admin` is needed");
      return identity;
    });
  },
  { name: "auth" },
);
