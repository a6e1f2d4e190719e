import type { FastifyInstance } from "fastify";
import fp from "fastify-plugin";
import { ERRORS, type ErrorCode } from "../protocol/errors.ts";
import { StoreError } from "../storage/contract.ts";

/** An HTTP answer with a code of the table in `protocol/errors.ts`. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string) {
    super(message);
    this.name = "ApiError";
    this.code = code;
  }
}

/** Every HTTP fault is answered with `{code, retryable, message}`; what is not an `ApiError` is logged. */
export const apiErrors = fp(
  async (app: FastifyInstance, { onError }: { onError: (code: ErrorCode) => void }) => {
    const answer = (code: ErrorCode, message: string) => {
      onError(code);
      return { code, retryable: ERRORS[code].retryable, message };
    };

    app.setNotFoundHandler((request, reply) =>
      reply.code(404).send(answer("NOT_FOUND", `there is no ${request.method} ${request.url.split("?")[0]} here`)),
    );

    app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
      if (error instanceof ApiError) return reply.code(ERRORS[error.code].http).send(answer(error.code, error.message));
      if (error instanceof StoreError) return reply.code(503).send(answer("SHARD_UNAVAILABLE", error.message));
      const status = error.statusCode ?? 500;
      if (status < 500) return reply.code(status).send(answer("BAD_FRAME", error.message));
      request.log.error(error);
      return reply.code(500).send(answer("INTERNAL", "a fault of the server, logged there"));
    });
  },
  { name: "api-errors" },
);
