import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import { ERRORS, type ErrorCode } from "../../protocol/errors.ts";
import { StaleReaderError } from "../../chat/history.ts";
import { isLostShard } from "../../shards/contract.ts";

/** An HTTP answer with a code of the table in `protocol/errors.ts`. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string) {
    super(message);
    this.name = "ApiError";
    this.code = code;
  }
}

type CountError = (code: ErrorCode) => void;

/** Every HTTP fault is answered with `{code, retryable, message}`; what nothing foresaw is logged. */
export const apiErrors = fp(
  async (app: FastifyInstance, { onError }: { onError: CountError }) => {
    const answer = (reply: FastifyReply, code: ErrorCode, message: string) => {
      onError(code);
      return reply.code(ERRORS[code].http).send({ code, retryable: ERRORS[code].retryable, message });
    };

    app.setNotFoundHandler((request, reply) =>
      answer(reply, "NOT_FOUND", `there is no ${request.method} ${request.url.split("?")[0]} here`),
    );

    app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
      if (error instanceof ApiError) return answer(reply, error.code, error.message);
      // Where the store lives is for the log, not for a client.
      if (error instanceof StaleReaderError) return answer(reply, "STALE_TOPOLOGY", error.message);
      if (isLostShard(error)) return answer(reply, "SHARD_UNAVAILABLE", "a shard does not answer");
      const status = error.statusCode ?? 500;
      if (status === 413) return answer(reply, "TOO_LARGE", error.message);
      if (status < 500) return answer(reply, "BAD_FRAME", error.message);
      request.log.error({ err: error }, "a request could not be answered");
      return answer(reply, "INTERNAL", "a fault of the server, logged there");
    });
  },
  { name: "api-errors" },
);

/** For requests that meet no route and no error handler, because their URL cannot be read. */
export function answerUnparsed(onError: CountError) {
  return (error: FastifyError, _request: unknown, reply: unknown): void => {
    onError("BAD_FRAME");
    const { http, retryable } = ERRORS.BAD_FRAME;
    void (reply as FastifyReply).code(http).send({ code: "BAD_FRAME", retryable, message: error.message });
  };
}

/** The text of a query parameter that is there once. @throws {ApiError} BAD_FRAME */
export function queryText(request: FastifyRequest, name: string): string | undefined {
  const value = (request.query as Readonly<Record<string, unknown>>)[name];
  if (value === undefined || typeof value === "string") return value;
  throw new ApiError("BAD_FRAME", `\`${name}\` is given more than once`);
}
