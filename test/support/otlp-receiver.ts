import type { IncomingHttpHeaders } from "node:http";
import { startPushReceiver, type PushReceiver } from "./push-receiver.ts";

/** One span as OTLP/JSON has it. */
export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { key: string; value: { stringValue: string } }[];
  readonly status: { code: number; message?: string };
}

/** What it says to a push; `hang` never answers, `drip` begins an answer that never ends. */
export type CollectorMood = 200 | 400 | 503 | "hang" | "drip";

/** A collector: takes OTLP over HTTP as JSON, and keeps what it accepted. */
export interface OtlpReceiver extends PushReceiver {
  readonly spans: readonly OtlpSpan[];
  readonly pushes: readonly { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: string }[];
  /** Attributes of the resources. */
  readonly resources: readonly Readonly<Record<string, string>>[];
  mood(mood: CollectorMood): void;
}

interface Push {
  readonly resourceSpans: readonly {
    resource: { attributes: OtlpSpan["attributes"] };
    scopeSpans: readonly { spans: readonly OtlpSpan[] }[];
  }[];
}

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: OtlpSpan[] = [];
  const pushes: OtlpReceiver["pushes"][number][] = [];
  const resources: Readonly<Record<string, string>>[] = [];
  let mood: CollectorMood = 200;

  function take(body: string): void {
    for (const { resource, scopeSpans } of (JSON.parse(body) as Push).resourceSpans) {
      resources.push(attributesOf(resource));
      spans.push(...scopeSpans.flatMap((scope) => scope.spans));
    }
  }

  const receiver = await startPushReceiver((request, bytes, response) => {
    const body = bytes.toString();
    pushes.push({ path: `${request.method} ${request.url}`, headers: request.headers, body });
    if (mood === 200) take(body);
    if (mood === "drip") response.writeHead(200).write("{");
    else if (mood !== "hang") response.writeHead(mood, { "content-type": "application/json" }).end("{}");
  });
  return { ...receiver, spans, pushes, resources, mood: (next) => void (mood = next) };
}

export function attributesOf({ attributes }: Pick<OtlpSpan, "attributes">): Record<string, string> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue]));
}
