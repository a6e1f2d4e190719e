import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { startPushReceiver, type PushReceiver } from "./push-receiver.ts";

/** What Loki says to a push; `hang` never answers. */
export type LokiMood = 204 | 400 | 401 | 429 | 500 | "hang";

interface StoredLine {
  readonly labels: Readonly<Record<string, string>>;
  readonly timeNs: string;
  readonly line: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Stands in for Loki: its push endpoint, its limits on bytes, lines and metadata, and its moods. */
export interface FakeLoki extends PushReceiver {
  /** Lines that were answered with 204. */
  readonly stored: readonly StoredLine[];
  /** Statuses of all pushes, in order. */
  readonly answers: readonly (number | "hang")[];
  readonly largestBytes: () => number;
  mood(mood: LokiMood): void;
}

/** Loki's defaults: grpc_server_max_recv_msg_size, max_line_size. */
const MOST_BYTES = 4_194_304;
const LONGEST_LINE = 262_144;

interface Push {
  readonly streams: readonly {
    stream: Record<string, string>;
    values: readonly [string, string, Record<string, string>?][];
  }[];
}

/** @param answerMs how long it thinks about a push */
export async function startFakeLoki({ answerMs = 0 } = {}): Promise<FakeLoki> {
  const stored: StoredLine[] = [];
  const answers: (number | "hang")[] = [];
  let mood: LokiMood = 204;
  let largest = 0;

  function judge(bytes: number, push: Push): LokiMood {
    if (mood !== 204) return mood;
    if (bytes > MOST_BYTES) return 500;
    const values = push.streams.flatMap((stream) => stream.values);
    const fits = values.every(
      ([time, line, metadata]) =>
        /^\d{19}$/u.test(time) &&
        Buffer.byteLength(line) <= LONGEST_LINE &&
        Object.values(metadata ?? {}).every((value) => typeof value === "string"),
    );
    return fits ? 204 : 400;
  }

  function take(push: Push): void {
    for (const { stream, values } of push.streams) {
      for (const [timeNs, line, metadata = {}] of values) stored.push({ labels: stream, timeNs, line, metadata });
    }
  }

  function answer(response: ServerResponse, body: Buffer): void {
    largest = Math.max(largest, body.length);
    const push = JSON.parse(body.toString()) as Push;
    const verdict = judge(body.length, push);
    answers.push(verdict);
    if (verdict === 204) take(push);
    if (verdict !== "hang") response.writeHead(verdict).end(verdict === 204 ? undefined : "no");
  }

  const receiver = await startPushReceiver(async (request, body, response) => {
    if (answerMs > 0) await sleep(answerMs);
    if (request.method === "POST" && request.url === "/loki/api/v1/push") answer(response, body);
    else response.writeHead(404).end();
  });
  return { ...receiver, stored, answers, largestBytes: () => largest, mood: (next) => void (mood = next) };
}
