import { randomBytes } from "node:crypto";
import { createTokenBucket } from "../token-bucket.ts";
import type { ErrorCode } from "../protocol/errors.ts";
import { BUCKET_LABELS, bucketOf, createKeyHash } from "./key-space.ts";
import type { MessageResult, Stage } from "./metrics.ts";
import { createPushLink, type OnPushState, type PushCounts, type PushLimits } from "./push-link.ts";
import type { TraceRecord, TraceTarget } from "./traces-worker.ts";

/** One message on its way. Moments are those of `performance.now()`. */
export interface MessageTrace {
  /** 32 hexadecimal digits; log lines and exemplars name it. */
  readonly id: string;
  /** What the readers of the message are given: W3C Trace Context, the message's own span is the parent. */
  readonly traceparent: string;
  /** @param row what will be stored */
  placed(from: number, to: number, shard: string, row: { readonly dialog: string; readonly id: string }): void;
  /** It waited from when it was placed on, and was then committed. */
  committed(queueMs: number, commitMs: number): void;
  delivered(from: number, to: number): void;
  /** @param code why it was refused or failed */
  end(result: MessageResult, at: number, code?: ErrorCode): void;
}

/** Traces of messages. Nothing of OpenTelemetry is in this thread: it is loaded by the first trace, in another. */
export interface Traces {
  /** A WebSocket message was decoded; what begins in this turn of the loop came with it. */
  received(from: number, to: number): void;
  /**
   * @param connection whose message it is
   * @param traceparent of the client, checked: it decides whether its message is traced
   * @returns null when this message is not traced
   */
  begin(connection: string, traceparent: string | undefined): MessageTrace | null;
  /** Begins to push. @param instance `host:port`, as Prometheus names this server */
  start(instance: string): void;
  /** Traces by their end. */
  counts(): PushCounts;
  /** Pushes what waits, for at most five seconds. */
  close(): Promise<void>;
}

export interface TraceOptions {
  /** Of the collector, with user and password where it needs them; without a path `/v1/traces` is meant. */
  readonly tracesUrl: string;
  /** Share of the messages without `traceparent` that are traced, 0…1. */
  readonly tracesRatio: number;
  readonly env: string;
}

/** Most messages traced in a second: clients that all ask for a trace must not cost the others theirs. */
const MOST_PER_SECOND = 1_000;
/** Longest that a stop waits for the collector, ms. */
const PATIENCE_MS = 5_000;
/** Ten seconds without a collector, and small batches: a trace of six spans is three kilobytes on the wire. */
const LIMITS: Partial<PushLimits> = { queueLines: 10_000, batchLines: 200 };

/** @param onState the collector begins to fail, and is back */
export function createTraces(
  { tracesUrl, tracesRatio, env }: TraceOptions,
  onState: OnPushState,
  limits: Partial<PushLimits> = {},
): Traces {
  const link = createPushLink<TraceTarget>("traces-worker", onState, { ...LIMITS, ...limits });
  const bucket = createTokenBucket(MOST_PER_SECOND);
  const hashOf = createKeyHash();
  let decoded: readonly [from: number, to: number] = [0, 0];

  function isWanted(traceparent: string | undefined): boolean {
    return traceparent === undefined ? Math.random() < tracesRatio : isSampled(traceparent);
  }

  return {
    received: (from, to) => void (decoded = [from, to]),
    begin(connection, traceparent) {
      if (!isWanted(traceparent) || !bucket.take()) return null;
      const [received, valid] = decoded;
      // One clock for all spans of a message, however often the wall clock is set.
      const epoch = Date.now() - performance.now();
      const { traceId, parentId } = parentOf(traceparent);
      const spanId = randomBytes(8).toString("hex");
      const stages: TraceRecord["stages"] = [];
      const stage = (name: Stage, from: number, to: number) => void stages.push([name, epoch + from, epoch + to]);
      let queued = valid;
      stage("validate", received, valid);
      const attributes: Record<string, string> = { "chat.connection": connection };
      return {
        id: traceId,
        traceparent: `00-${traceId}-${spanId}-01`,
        placed(from, to, shard, { dialog, id }) {
          stage("place", from, to);
          queued = to;
          attributes["chat.shard"] = shard;
          // Not the dialog's id: it names two people, and a collector may belong to somebody else.
          attributes["chat.dialog_bucket"] = BUCKET_LABELS[bucketOf(hashOf(dialog))]!;
          attributes["chat.message"] = id;
        },
        committed(queueMs, commitMs) {
          stage("queue", queued, queued + queueMs);
          stage("commit", queued + queueMs, queued + queueMs + commitMs);
        },
        delivered: (from, to) => stage("deliver", from, to),
        end(result, at, code) {
          attributes["chat.result"] = result;
          if (code !== undefined) attributes["error.type"] = code;
          const times = { start: epoch + received, end: epoch + at };
          const record: TraceRecord = { traceId, spanId, parentId, ...times, attributes, stages };
          link.write(JSON.stringify(record));
        },
      };
    },
    start: (instance) => link.start(targetOf(tracesUrl, env, instance)),
    counts: () => link.counts(),
    close: () => link.close(PATIENCE_MS),
  };
}

/** Of `00-TRACE-PARENT-FLAGS`, the last bit of the flags. */
function isSampled(traceparent: string): boolean {
  return (Number.parseInt(traceparent.slice(53), 16) & 1) === 1;
}

function parentOf(traceparent: string | undefined): Pick<TraceRecord, "traceId" | "parentId"> {
  if (traceparent === undefined) return { traceId: randomBytes(16).toString("hex"), parentId: null };
  const [, traceId = "", parentId = ""] = traceparent.split("-");
  return { traceId, parentId };
}

function targetOf(url: string, env: string, instance: string): TraceTarget {
  const { origin, password, pathname, search, username } = new URL(url);
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const basic = `Basic ${Buffer.from(login).toString("base64")}`;
  return {
    url: `${origin}${pathname === "/" ? "/v1/traces" : pathname}${search}`,
    headers: username === "" ? {} : { authorization: basic },
    resource: { "service.name": "hotshard", "service.instance.id": instance, "deployment.environment.name": env },
  };
}
