import { randomBytes } from "node:crypto";
import { createTokenBucket } from "../token-bucket.ts";
import { ERRORS, type ErrorCode } from "../protocol/errors.ts";
import { BUCKET_LABELS, bucketOf, createKeyHash } from "./key-space.ts";
import type { MessageResult, Stage } from "./metrics.ts";
import type { Envelope, Probe } from "./probe.ts";
import { createPushLink, type OnPushState, type PushCounts, type PushLimits } from "./push-link.ts";
import type { TraceRecord, TraceTarget } from "./traces-worker.ts";

/** Traces of messages. Nothing of OpenTelemetry is in this thread: it is loaded by the first trace, in another. */
export interface Traces {
  /** Traces the messages that ask for it by their `traceparent`, and a share of the others. */
  readonly probe: Partial<Probe>;
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

/** What is kept of a message until its trace is pushed. */
interface Trace {
  /** 32 hexadecimal digits; log lines and exemplars name it. */
  readonly id: string;
  readonly spanId: string;
  readonly parentId: string | null;
  /**
   * Unix ms at 0 of the clock of `performance`: one clock for all spans of a message, however often the wall clock is
   * set.
   */
  readonly epoch: number;
  readonly stages: [Stage, number, number][];
  readonly attributes: Record<string, string>;
  /** When its last stage ended. */
  at: number;
}

/** @param onState the collector begins to fail, and is back */
export function createTraces(
  { tracesUrl, tracesRatio, env }: TraceOptions,
  onState: OnPushState,
  limits: Partial<PushLimits> = {},
): Traces {
  const link = createPushLink<TraceTarget>("traces-worker", onState, { ...LIMITS, ...limits });
  const bucket = createTokenBucket(MOST_PER_SECOND);
  const hashOf = createKeyHash();

  function isWanted({ traceparent }: Envelope): boolean {
    return traceparent === undefined ? Math.random() < tracesRatio : isSampled(traceparent);
  }

  /** Null when the message is not traced, which is decided once. */
  function traceOf(message: Envelope): Trace | null {
    if (message.trace === undefined) message.trace = isWanted(message) && bucket.take() ? begin(message) : null;
    return message.trace as Trace | null;
  }

  function end(trace: Trace, message: Envelope, result: MessageResult, at: number, code?: ErrorCode): void {
    const { attributes, epoch, id: traceId, parentId, spanId, stages } = trace;
    attributes["chat.result"] = result;
    if (code !== undefined) attributes["error.type"] = code;
    const times = { start: epoch + message.decodedFrom, end: epoch + at };
    link.write(JSON.stringify({ traceId, spanId, parentId, ...times, attributes, stages } satisfies TraceRecord));
  }

  return {
    probe: {
      placed(message, from, to) {
        const trace = traceOf(message);
        if (trace === null) return;
        message.traceparent = `00-${trace.id}-${trace.spanId}-01`;
        const { dialog, id } = message.row!;
        add(trace, "place", from, to);
        trace.attributes["chat.shard"] = message.shard!.label;
        // Not the dialog's id: it names two people, and a collector may belong to somebody else.
        trace.attributes["chat.dialog_bucket"] = BUCKET_LABELS[bucketOf(hashOf(dialog))]!;
        trace.attributes["chat.message"] = id;
      },
      refused(message, { error, queueMs }) {
        const trace = traceOf(message);
        const isRefused = queueMs === undefined || ERRORS[error].outcome === "refused";
        if (trace !== null) end(trace, message, isRefused ? "refused" : "failed", performance.now(), error);
      },
      committed(message, { commitMs, duplicate, queueMs }) {
        const trace = traceOf(message);
        if (trace === null) return;
        if (duplicate) return end(trace, message, "duplicate", performance.now());
        add(trace, "queue", trace.at, trace.at + queueMs);
        add(trace, "commit", trace.at, trace.at + commitMs);
      },
      delivered(messages, from, to) {
        for (const message of messages) {
          const trace = traceOf(message);
          if (trace === null) continue;
          add(trace, "deliver", Math.max(from, trace.at), to);
          end(trace, message, "stored", to);
        }
      },
    },
    start: (instance) => link.start(targetOf(tracesUrl, env, instance)),
    counts: () => link.counts(),
    close: () => link.close(PATIENCE_MS),
  };
}

function begin({ connection, decodedFrom, decodedTo, traceparent }: Envelope): Trace {
  const { parentId, traceId: id } = parentOf(traceparent);
  const epoch = Date.now() - performance.now();
  const spanId = randomBytes(8).toString("hex");
  const trace: Trace = {
    id,
    spanId,
    parentId,
    epoch,
    stages: [],
    attributes: { "chat.connection": connection },
    at: decodedTo,
  };
  add(trace, "validate", decodedFrom, decodedTo);
  return trace;
}

/** Moments are those of the clock of `performance`. */
function add(trace: Trace, stage: Stage, from: number, to: number): void {
  trace.stages.push([stage, trace.epoch + from, trace.epoch + to]);
  trace.at = to;
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
