import { createPushThread, type PushReply, type PushThread } from "./push-thread.ts";

/** How many lines met which end; their sum is what was written, less what still waits. */
export interface PushCounts {
  /** The receiver answered with a 2xx. */
  readonly accepted: number;
  /** Given up: the queue was full, the receiver refused, or it did not come back in time. */
  readonly dropped: number;
}

/** Lines on their way to a receiver outside this process. Writing never waits and never throws. */
export interface PushLink<Target> {
  write(line: string): void;
  /** Begins to push; lines written before wait for it. */
  start(target: Target): void;
  counts(): PushCounts;
  /** Pushes what waits, for at most so many ms; what is left then, and what comes later, counts as dropped. */
  close(patienceMs: number): Promise<void>;
}

export interface PushLimits {
  /**
   * Most lines and bytes that wait. Default 65,000 and 16 MiB: ten seconds without Loki at 5,000 lines a second, and
   * the pause.
   */
  readonly queueLines: number;
  readonly queueBytes: number;
  /**
   * Most lines and bytes of one push. Default 1,000 and 512 KiB: labels, metadata and escapes triple a short line, and
   * Loki takes 4 MB.
   */
  readonly batchLines: number;
  readonly batchBytes: number;
  /** A longer line is dropped at once, since it would take its batch with it: Loki refuses lines of 256 KB. */
  readonly lineBytes: number;
  /** Longest wait for a batch to fill, ms. */
  readonly batchMs: number;
  /** First and longest pause before a batch is tried again, ms; it doubles in between. */
  readonly retryMs: number;
  readonly longestRetryMs: number;
  /** A batch is given up after so long, ms. */
  readonly giveUpMs: number;
}

const LIMITS: PushLimits = {
  queueLines: 65_000,
  queueBytes: 16_777_216,
  batchLines: 1_000,
  batchBytes: 524_288,
  lineBytes: 131_072,
  batchMs: 250,
  retryMs: 250,
  longestRetryMs: 1_000,
  giveUpMs: 60_000,
};

/** Called when the receiver begins to fail, and when it takes lines again. */
export type OnPushState = (state: "failing" | "taking", reason: string) => void;

/**
 * A bounded queue in front of a thread that pushes. It counts every line and tries failed batches again.
 *
 * @param worker see `createPushThread`
 */
export function createPushLink<Target>(
  worker: string,
  onState: OnPushState,
  limits: Partial<PushLimits> = {},
): PushLink<Target> {
  const { queueLines, queueBytes, batchLines, batchBytes, lineBytes, ...pace } = { ...LIMITS, ...limits };
  const queue: string[] = [];
  let bytes = 0;
  let accepted = 0;
  let dropped = 0;
  let timer: NodeJS.Timeout | null = null;
  let link: PushThread | null = null;
  let pumping: Promise<void> | null = null;
  let closed = false;
  let failing = false;
  /** Ends a pause early. */
  let wake: () => void = noPause;
  /** After this moment nothing is tried again. */
  let lastMoment = Infinity;

  function take(): string[] {
    let count = 0;
    let size = 0;
    while (count < Math.min(batchLines, queue.length)) {
      const next = Buffer.byteLength(queue[count]!);
      if (count > 0 && size + next > batchBytes) break;
      size += next;
      count++;
    }
    bytes -= size;
    return queue.splice(0, count);
  }

  function report(reply: PushReply): void {
    const fails = !isTaken(reply);
    if (fails === failing) return;
    failing = fails;
    onState(fails ? "failing" : "taking", reply.status === null ? reply.reason : `${reply.status} ${reply.reason}`);
  }

  async function deliver(thread: PushThread, batch: readonly string[]): Promise<boolean> {
    const giveUp = Date.now() + pace.giveUpMs;
    for (let pause = pace.retryMs; ; pause = Math.min(2 * pause, pace.longestRetryMs)) {
      const reply = await thread.push(batch);
      if (closed) return false;
      report(reply);
      if (isTaken(reply)) return true;
      const until = Date.now() + pause;
      if (!mayRetry(reply) || until > giveUp || until > lastMoment) return false;
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, pause).unref();
      });
      if (closed) return false;
    }
  }

  async function pump(thread: PushThread): Promise<void> {
    for (;;) {
      if (queue.length === 0 || closed) break;
      const batch = take();
      const taken = await deliver(thread, batch);
      if (taken) accepted += batch.length;
      else dropped += batch.length;
      if (queue.length < batchLines && lastMoment === Infinity) break;
    }
    pumping = null;
    schedule();
  }

  function schedule(): void {
    if (link === null || closed || pumping !== null || queue.length === 0) return;
    if (queue.length < batchLines && lastMoment === Infinity) {
      timer ??= setTimeout(go, pace.batchMs).unref();
    } else go();
  }

  function go(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (link !== null) pumping ??= pump(link);
  }

  return {
    write(line) {
      const size = Buffer.byteLength(line);
      if (closed || size > lineBytes || queue.length >= queueLines || bytes + size > queueBytes) {
        dropped++;
        return;
      }
      queue.push(line);
      bytes += size;
      schedule();
    },
    start(target) {
      link = createPushThread(worker, target);
      schedule();
    },
    counts: () => ({ accepted, dropped }),
    async close(patienceMs) {
      lastMoment = Date.now() + patienceMs;
      wake();
      go();
      const patience = Promise.withResolvers<void>();
      const end = setTimeout(patience.resolve, patienceMs);
      for (;;) {
        if (pumping === null || Date.now() >= lastMoment) break;
        await Promise.race([pumping, patience.promise]);
      }
      clearTimeout(end);
      closed = true;
      dropped += queue.length;
      queue.length = 0;
      const inFlight = pumping;
      wake();
      await link?.stop();
      await inFlight;
    },
  };
}

function isTaken({ status }: PushReply): boolean {
  return status !== null && status >= 200 && status < 300;
}

/** What is refused for its content would be refused again. */
function mayRetry({ status }: PushReply): boolean {
  return status === null || status === 429 || status >= 500;
}

function noPause(): void {
  // Nobody sleeps yet.
}
