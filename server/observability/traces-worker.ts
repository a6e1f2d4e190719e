import { randomBytes } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import { SpanKind, SpanStatusCode, TraceFlags, type HrTime, type SpanContext } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import type { PushReply } from "./push-thread.ts";

/** Where the spans go, and what all of them say of this server. */
export interface TraceTarget {
  /** With its path. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly resource: Readonly<Record<string, string>>;
}

/** One message: its span, and one below it for each stage. Times are milliseconds since 1970, with fractions. */
export interface TraceRecord {
  readonly traceId: string;
  readonly spanId: string;
  /** Of the client's span, or null when the trace begins here. */
  readonly parentId: string | null;
  readonly start: number;
  readonly end: number;
  readonly attributes: Readonly<Record<string, string>>;
  readonly stages: [name: string, start: number, end: number][];
}

/** Longest wait for the collector, ms; within it the exporter tries again by itself. */
const TIMEOUT_MS = 5_000;

const { headers, resource: attributes, url } = workerData as TraceTarget;
const exporter = new OTLPTraceExporter({ url, headers, timeoutMillis: TIMEOUT_MS });
const resource = resourceFromAttributes(attributes);

function spansOf({ attributes, parentId, spanId, stages, traceId, ...times }: TraceRecord): ReadableSpan[] {
  const root: SpanContext = { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
  const parent = parentId === null ? undefined : { ...root, spanId: parentId, isRemote: true };
  const fault = attributes["error.type"];
  const message = spanOf("message", root, parent, times.start, times.end);
  return [
    {
      ...message,
      kind: SpanKind.SERVER,
      attributes,
      status: fault === undefined ? message.status : { code: SpanStatusCode.ERROR, message: fault },
    },
    ...stages.map(([name, start, end]) =>
      spanOf(name, { ...root, spanId: randomBytes(8).toString("hex") }, root, start, end),
    ),
  ];
}

function spanOf(
  name: string,
  context: SpanContext,
  parent: SpanContext | undefined,
  start: number,
  end: number,
): ReadableSpan {
  return {
    name,
    kind: SpanKind.INTERNAL,
    spanContext: () => context,
    ...(parent !== undefined && { parentSpanContext: parent }),
    startTime: highResolution(start),
    endTime: highResolution(end),
    duration: highResolution(end - start),
    status: { code: SpanStatusCode.UNSET },
    attributes: {},
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope: { name: "hotshard" },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** Seconds and nanoseconds. */
function highResolution(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1_000_000)];
}

function push(lines: readonly string[]): Promise<PushReply> {
  const spans = lines.flatMap((line) => spansOf(JSON.parse(line) as TraceRecord));
  return new Promise((resolve) => {
    // The exporter's own limit is on silence: an answer that never ends would pass it.
    const end = setTimeout(resolve, 2 * TIMEOUT_MS, { status: null, reason: "the answer did not end" });
    exporter.export(spans, ({ error }) => {
      clearTimeout(end);
      // It succeeds by a 2xx only, and tells no other status than that of a failure that it would not try again.
      if (error === undefined) resolve({ status: 200, reason: "" });
      else resolve({ status: statusOf(error), reason: error.message });
    });
  });
}

/** Null for what may be tried again: no answer, or one that the exporter gave up on. */
function statusOf(error: Error & { code?: unknown }): number | null {
  return typeof error.code === "number" ? error.code : null;
}

parentPort?.on("message", (lines: readonly string[]) => {
  void push(lines).then((answer) => parentPort?.postMessage(answer));
});
