import type { FastifyBaseLogger, FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import type { ConfigError } from "../../config-error.ts";
import { isRefusal, REFUSALS } from "../../protocol/refusals.ts";
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

/** An HTTP answer with a code of `protocol/refusals.ts`, or another one of a `ConfigError`: what was asked cannot be. */
export class ApiRefusal extends Error {
  readonly code: string;
  constructor({ code, message }: ConfigError) {
    super(message);
    this.name = "ApiRefusal";
    this.code = code;
  }
}

type CountError = (code: ErrorCode) => void;

/** `code` is of the table in `protocol/errors.ts`, or says why an operator's change is refused. */
interface Answer {
  readonly http: number;
  readonly body: { readonly code: string; readonly retryable: boolean; readonly message: string };
}

/** Every HTTP fault is answered with `{code, retryable, message}`; what nothing foresaw is logged. */
export const apiErrors = fp(
  async (app: FastifyInstance, { onError }: { onError: CountError }) => {
    const send = (reply: FastifyReply, { body, http }: Answer) => {
      if (Object.hasOwn(ERRORS, body.code)) onError(body.code as ErrorCode);
      return reply.code(http).send(body);
    };

    app.setNotFoundHandler((request, reply) =>
      send(reply, answerWith("NOT_FOUND", `there is no ${request.method} ${request.url.split("?")[0]} here`)),
    );

    app.setErrorHandler((error: Error, request, reply) => send(reply, answerTo(error, request.log)));
  },
  { name: "api-errors" },
);

/** @param log hears of what nothing foresaw */
export function answerTo(error: unknown, log: Pick<FastifyBaseLogger, "error">): Answer {
  if (error instanceof ApiError) return answerWith(error.code, error.message);
  if (error instanceof ApiRefusal) {
    const { code, message } = error;
    return { http: isRefusal(code) ? REFUSALS[code].http : 409, body: { code, retryable: false, message } };
  }
  // Where the store lives is for the log, not for a client.
  if (error instanceof StaleReaderError) return answerWith("STALE_TOPOLOGY", error.message);
  if (isLostShard(error)) return answerWith("SHARD_UNAVAILABLE", "a shard does not answer");
  const { message = "", statusCode: status = 500 } = error as { message?: string; statusCode?: number };
  if (status === 413) return answerWith("TOO_LARGE", message);
  if (status < 500) return answerWith("BAD_FRAME", message);
  log.error({ err: error }, "a request could not be answered");
  return answerWith("INTERNAL", "a fault of the server, logged there");
}

function answerWith(code: ErrorCode, message: string): Answer {
  return { http: ERRORS[code].http, body: { code, retryable: ERRORS[code].retryable, message } };
}

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
