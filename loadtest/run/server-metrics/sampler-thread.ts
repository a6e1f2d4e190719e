import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parentPort, workerData } from "node:worker_threads";
import { createGzip } from "node:zlib";
import { readPage } from "./page.ts";
import { createRecording } from "./recording.ts";

/** What a thread that asks a server for its metrics is to do. */
export interface SamplerOrder {
  /** Of the server's `/metrics`. */
  readonly address: string;
  /** Of the file. */
  readonly path: string;
  /** Labels of every series. */
  readonly labels: Readonly<Record<string, string>>;
}

/** The answer to any message: what is written stands in the file. */
export interface SamplerReport {
  readonly pages: number;
  /** Why the file could not be written. */
  readonly fault?: string;
}

const OPENMETRICS = "application/openmetrics-text";
const TIMEOUT_MS = 5_000;
/** Between two pages; five seconds are what `prometheus.yml` has. */
const PAUSE_MS = { least: 1_000, most: 5_000 } as const;
/** A page takes the server at most one part in so many of its time, if the longest pause lets it. */
const REST = 200;

const { address, labels, path } = workerData as SamplerOrder;
const recording = createRecording(labels);
let timer: NodeJS.Timeout | undefined;
let last = 0;
let quickest = Number.POSITIVE_INFINITY;
let asking: Promise<void> = Promise.resolve();

/** A server that does not answer, or answers as no server of ours does, leaves a gap. */
async function ask(): Promise<void> {
  const headers = { accept: `${OPENMETRICS}; version=1.0.0` };
  // Of one moment a series has one value; and a wall clock may be set back.
  last = Math.max(Date.now(), last + 1);
  const at = last;
  try {
    const answer = await fetch(address, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const text = await answer.text();
    const isOurs = answer.ok && answer.headers.get("content-type")?.startsWith(OPENMETRICS) === true;
    if (isOurs) recording.add(at, readPage(text));
  } catch {
    // The run says itself when its server is gone.
  }
}

function sample(): void {
  const start = performance.now();
  asking = ask().finally(() => {
    const took = performance.now() - start;
    // Waiting for a busy server is no work of the server's.
    quickest = Math.min(quickest, took);
    const pause = Math.min(PAUSE_MS.most, Math.max(PAUSE_MS.least, quickest * REST)) * 2 ** recording.thinned;
    if (timer !== undefined) timer = setTimeout(sample, Math.max(0, pause - took));
  });
}

async function end(): Promise<SamplerReport> {
  clearTimeout(timer);
  timer = undefined;
  await asking;
  await ask();
  const { pages } = recording;
  if (pages === 0) return { pages };
  const draft = `${path}.part`;
  try {
    await pipeline(Readable.from(recording.lines()), createGzip(), createWriteStream(draft));
    await rename(draft, path);
    return { pages };
  } catch (error) {
    await rm(draft, { force: true });
    return { pages, fault: error instanceof Error ? error.message : String(error) };
  }
}

timer = setTimeout(sample, 0);
parentPort!.once("message", () => void end().then((report) => parentPort!.postMessage(report)));
