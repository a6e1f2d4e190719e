import type { ChildProcess } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { sum } from "d3-array";
import type { DriveOrder, Progress } from "../contract.ts";
import type { Measurement } from "../../measurement/measurement.ts";
import { startChild } from "../../system/child.ts";
import { DriveError } from "../drive-error.ts";
import { addUp, mergeMeasurements } from "../../measurement/merge-measurements.ts";
import { machineMs } from "./clock.ts";
import { nothingMoreToCome } from "./generator.ts";
import type { FromWorker, SoFar, Told, ToWorker } from "./worker.ts";

/** Between the word and the start of the schedule, so that every process has heard it. */
const NOTICE_MS = 100;
const TICK_MS = 1_000;

interface Worker extends Told {
  readonly process: ChildProcess;
  readonly closed: Promise<unknown>;
  /** Since all of them were last shown together. */
  soFar: SoFar | null;
  /** Why it ended without a measurement. */
  lost: string | null;
}

/**
 * Several generators as processes of their own, each with its lanes and their users. They start at one moment of the
 * machine's monotonic clock, by which a message that one sends and another receives is timed: all MUST run on one
 * machine.
 *
 * A process that dies after the start is told of in `generator.lost`, and the others go on.
 *
 * @param count at least 2
 * @throws {DriveError} when somebody cannot be connected, or nobody is left
 */
export async function driveWorkers(order: DriveOrder, count: number, drainMs: number): Promise<Measurement> {
  const workers = Array.from({ length: count }, (_, index) => startWorker(order, index, count, drainMs));
  const kill = () => workers.forEach(({ process: child }) => child.kill("SIGKILL"));
  const stop = () => workers.forEach((worker) => tell(worker, { kind: "stop" }));
  const cut = () => workers.forEach((worker) => tell(worker, { kind: "cut" }));
  order.signal?.addEventListener("abort", stop, { once: true });
  order.cut?.addEventListener("abort", cut, { once: true });
  if (order.signal?.aborted === true) stop();
  const ticks = startTicks(order, workers);
  try {
    await work(workers, () => showTogether(order, workers));
    const parts = workers.flatMap(({ measurement }) => measurement ?? []);
    const lost = workers.flatMap((worker) => worker.lost ?? []);
    if (parts.length === 0) throw new DriveError("GENERATORS_LOST", `no generator is left: ${lost.join("; ")}.`);
    return mergeMeasurements(parts, lost);
  } finally {
    clearInterval(ticks);
    order.signal?.removeEventListener("abort", stop);
    order.cut?.removeEventListener("abort", cut);
    kill();
    // Nothing is left running when this returns.
    await Promise.all(workers.map(({ closed }) => closed));
  }
}

/** The worker's program: TypeScript as this one in a clone, compiled in the package. */
const PROGRAM = fileURLToPath(new URL(`./worker${extname(import.meta.url)}`, import.meta.url));

function startWorker(order: DriveOrder, index: number, count: number, drainMs: number): Worker {
  const { onProgress: _, signal: __, generators: ___, watch, cut: ____, ...plain } = order;
  const { process: child, closed } = startChild(process.execPath, [PROGRAM], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    serialization: "advanced",
    ask: "SIGKILL",
  });
  const nothing = { isConnected: false, progress: null, soFar: null, pending: null, measurement: null, lost: null };
  const worker: Worker = { process: child, closed, ...nothing };
  tell(worker, {
    kind: "assignment",
    assignment: { order: plain, index, count, drainMs, lookEveryS: watch?.everyS ?? null },
  });
  return worker;
}

function tell({ process: child }: Worker, message: ToWorker): void {
  // One that has died is found out by its exit.
  child.send(message, () => {});
}

/** Brings the workers from their first connection to their measurements or deaths. */
async function work(workers: readonly Worker[], onSoFar: () => void): Promise<void> {
  let startAt: number | null = null;
  let hasEnded = false;
  await new Promise<void>((resolve, reject) => {
    function look(): void {
      const alive = workers.filter(({ lost }) => lost === null);
      if (startAt === null && alive.length === workers.length && alive.every(({ isConnected }) => isConnected)) {
        startAt = machineMs() + NOTICE_MS;
        for (const worker of alive) tell(worker, { kind: "start", at: startAt });
      }
      const busy = alive.filter(({ measurement }) => measurement === null);
      if (busy.length === 0) resolve();
      else if (!hasEnded && isOver(busy)) {
        hasEnded = true;
        for (const worker of busy) tell(worker, { kind: "end" });
      }
    }

    workers.forEach((worker, index) => {
      const lose = (reason: string) => {
        if (worker.measurement !== null || worker.lost !== null) return;
        worker.lost = `generator ${index + 1} of ${workers.length} ${reason}`;
        if (startAt === null) reject(new DriveError("GENERATORS_LOST", `${worker.lost} before the start.`));
        else look();
      };
      worker.process.on("message", (message: FromWorker) => {
        const { failed, ...told } = message;
        if (failed !== undefined && failed.code !== null) reject(new DriveError(failed.code, failed.message));
        else if (failed !== undefined) lose(`broke: ${failed.message}`);
        else {
          Object.assign(worker, told);
          if (told.soFar) onSoFar();
          else if (!told.progress) look();
        }
      });
      worker.process.on("exit", (code, signal) => lose(`ended by itself (${signal ?? `exit code ${code}`})`));
    });
  });
}

/** Shows what all that are left have measured, as one, when each has told of it anew. */
function showTogether({ watch }: DriveOrder, workers: readonly Worker[]): void {
  const alive = workers.filter(({ lost }) => lost === null);
  const parts = alive.flatMap(({ soFar }) => soFar ?? []);
  if (watch === undefined || parts.length < alive.length) return;
  for (const worker of alive) worker.soFar = null;
  const measurements = parts.map(({ measurement }) => measurement);
  watch.onMeasured(mergeMeasurements(measurements, []), Math.min(...parts.map(({ elapsedS }) => elapsedS)));
}

/** Everybody has sent the last message, and all together nothing is missing: readers are not where authors are. */
function isOver(workers: readonly Worker[]): boolean {
  const pending = workers.flatMap((worker) => worker.pending ?? []);
  if (pending.length < workers.length) return false;
  return nothingMoreToCome({
    outstanding: sum(pending, ({ outstanding }) => outstanding),
    undelivered: sum(pending, ({ undelivered }) => undelivered),
    silentPolls: Math.min(...pending.map(({ silentPolls }) => silentPolls)),
  });
}

/** Once a second what all have done, as one. */
function startTicks({ onProgress }: DriveOrder, workers: readonly Worker[]): NodeJS.Timeout {
  return setInterval(() => {
    const parts = workers.flatMap(({ progress }) => progress ?? []);
    const [first] = parts;
    if (first === undefined) return;
    onProgress?.({
      ...first,
      acked: addUp(parts.map(({ acked }) => acked)),
      sent: sum(parts, ({ sent }) => sent),
      rate: sum(parts, ({ rate }) => rate),
      ...worst(parts.flatMap(({ p99Ms }) => p99Ms ?? [])),
    });
  }, TICK_MS);
}

function worst(p99s: readonly NonNullable<Progress["p99Ms"]>[]): Pick<Progress, "p99Ms"> {
  if (p99s.length === 0) return {};
  const most = (name: "sendLag" | "delivery") => Math.max(...p99s.map((p99) => p99[name]));
  return { p99Ms: { sendLag: most("sendLag"), delivery: most("delivery") } };
}
