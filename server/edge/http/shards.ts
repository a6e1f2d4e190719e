import { Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import { Type, type TSchema } from "typebox";
import { Value } from "typebox/value";
import { ConfigError } from "../../config-error.ts";
import type {
  ChangeBody,
  ChangeReply,
  MoveStatus,
  RebalanceBody,
  RebalanceReply,
  VerifyLine,
} from "../../protocol/shards.ts";
import { StateError } from "../../topology/state-store.ts";
import type { Operator, Verifying } from "../../topology/operator.ts";
import type { Rebalancer } from "../../topology/rebalancer.ts";
import { answerTo, ApiError, ApiRefusal } from "./api-error.ts";

const STRICT = { additionalProperties: false };
const text = Type.String({ minLength: 1, maxLength: 2_000 });

const CHANGES = {
  add: { url: text },
  drain: { shard: text },
  "put-back": { shard: text },
  remove: { shard: text },
  pin: { dialog: text, shard: text, share: Type.Optional(Type.Number()) },
  split: { dialog: text, parts: Type.Number() },
  merge: { dialog: text },
  placement: { placement: text },
} as const;

const Rebalance = Type.Object(
  { dryRun: Type.Optional(Type.Boolean()), throttle: Type.Optional(Type.Boolean()) },
  STRICT,
);

/** Between two lines of a verification, ms. */
const LINE_MS = 1_000;

const Names = Object.keys(CHANGES).join(", ");

const Body = Type.Object(
  {
    change: Type.Object({ do: Type.String() }),
    epoch: Type.Optional(Type.Integer({ minimum: 1 })),
    dryRun: Type.Optional(Type.Boolean()),
  },
  STRICT,
);

/** What operators do to the shards. All of it needs an admin token. */
export async function shardRoutes(
  app: FastifyInstance,
  { operator, rebalancer }: { operator: Operator; rebalancer: Rebalancer },
): Promise<void> {
  app.addHook("onRequest", async (request) => {
    await app.demandAdmin(request);
  });

  app.post("/v1/shards/changes", (request): Promise<ChangeReply> => {
    const body = changeBody(request.body);
    return refusing(() => operator.change(body));
  });

  app.post("/v1/shards/rebalance", async (request, reply): Promise<RebalanceReply> => {
    const { dryRun = false, throttle = true } = rebalanceBody(request.body ?? {});
    const forecast = await refusing(() => operator.forecast());
    if (dryRun) return { applied: false, forecast };
    await refusing(() => rebalancer.begin(throttle));
    void reply.code(202);
    return { applied: true, forecast };
  });

  app.get("/v1/shards/rebalance", (): Promise<MoveStatus> => refusing(() => rebalancer.status()));

  app.delete("/v1/shards/rebalance", (): Promise<MoveStatus> => {
    return refusing(() => {
      rebalancer.stop();
      return rebalancer.status();
    });
  });

  app.get("/v1/shards/verify", async (request, reply) => {
    const verifying = await refusing(() => operator.verify());
    return reply.type("application/x-ndjson").send(Readable.from(verifyLines(verifying, request.log)));
  });
}

/** @throws {ApiError} BAD_FRAME */
function rebalanceBody(body: unknown): RebalanceBody {
  if (Value.Check(Rebalance, body)) return body;
  throw bad(Rebalance, body, "");
}

/** A line a second, so that nobody on the way takes a long silence for an end. */
async function* verifyLines({ of, run }: Verifying, log: FastifyBaseLogger): AsyncGenerator<string> {
  const leave = new AbortController();
  let seen = 0;
  const end = refusing(() => run((rows) => (seen = rows), leave.signal)).then(
    (found): VerifyLine => ({ found }),
    (error: unknown): VerifyLine => ({ error: answerTo(error, log).body }),
  );
  try {
    for (;;) {
      const line = await Promise.race([end, setTimeout(LINE_MS, null)]);
      yield `${JSON.stringify(line ?? { seen, of: Math.max(of, seen) })}\n`;
      if (line !== null) return;
    }
  } finally {
    leave.abort();
  }
}

/** @throws {ApiError} BAD_FRAME */
function changeBody(body: unknown): ChangeBody {
  if (!Value.Check(Body, body)) throw bad(Body, body, "");
  const { change } = body;
  const fields = Object.hasOwn(CHANGES, change.do) ? CHANGES[change.do as keyof typeof CHANGES] : undefined;
  if (fields === undefined) throw new ApiError("BAD_FRAME", `\`change.do\` is one of ${Names}, not "${change.do}"`);
  const Change = Type.Object({ do: Type.Literal(change.do), ...fields }, STRICT);
  if (!Value.Check(Change, change)) throw bad(Change, change, "change");
  return body as ChangeBody;
}

function bad(schema: TSchema, value: unknown, where: string): ApiError {
  const [first] = Value.Errors(schema, value);
  const path = [where, first?.instancePath.slice(1).replaceAll("/", ".") ?? ""].filter((part) => part !== "").join(".");
  const what = first?.keyword === "boolean" ? "is no field of it" : (first?.message ?? "is not allowed");
  return new ApiError("BAD_FRAME", `${path === "" ? "the body" : `\`${path}\``} ${what}`);
}

/** What the shards' own rules refuse is told with its code; a state that cannot be reached now may be reached later. */
async function refusing<T>(run: () => Promise<T> | T): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof ConfigError) throw new ApiRefusal(error);
    if (error instanceof StateError) throw new ApiError("STALE_TOPOLOGY", `${error.message}; ${error.remedy}`);
    throw error;
  }
}
