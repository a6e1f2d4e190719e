import type { DriveOrder, Progress } from "../contract.ts";
import type { Measurement } from "../../measurement/measurement.ts";
import { DriveError, type DriveErrorCode } from "../drive-error.ts";
import { generate, type Pending } from "./generator.ts";

/** What one of several generators is told, once. */
export interface Assignment {
  readonly order: Omit<DriveOrder, "onProgress" | "signal" | "generators" | "watch" | "cut">;
  /** As of `DriveOrder.watch`; null: nobody looks. */
  readonly lookEveryS: number | null;
  readonly index: number;
  readonly count: number;
  readonly drainMs: number;
}

/** What one generator measured until now. */
export interface SoFar {
  readonly measurement: Measurement;
  readonly elapsedS: number;
}

export type ToWorker =
  | { readonly kind: "assignment"; readonly assignment: Assignment }
  | { readonly kind: "start"; readonly at: number }
  | { readonly kind: "stop" }
  | { readonly kind: "cut" }
  | { readonly kind: "end" };

/** What one generator has told of itself, each the latest. */
export interface Told {
  readonly isConnected: boolean;
  readonly progress: Progress | null;
  readonly soFar: SoFar | null;
  readonly pending: Pending | null;
  readonly measurement: Measurement | null;
}

/** What is new, or why it failed. */
export type FromWorker = Partial<Told> & {
  readonly failed?: { readonly code: DriveErrorCode | null; readonly message: string };
};

/** One generator of several (`worker-pool.ts`): a process that makes its lanes' part of the run. */
const stop = new AbortController();
const cut = new AbortController();
const start = Promise.withResolvers<number>();
let isOver = false;

process.on("message", (message: ToWorker) => {
  if (message.kind === "assignment") void take(message.assignment);
  else if (message.kind === "start") start.resolve(message.at);
  else if (message.kind === "stop") stop.abort();
  else if (message.kind === "cut") cut.abort();
  else isOver = true;
});
// Signals reach the whole group of processes; the parent says when to stop.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
process.once("disconnect", () => process.exit());

function tell(message: FromWorker): void {
  process.send?.(message);
}

async function take({ order, index, count, drainMs, lookEveryS }: Assignment): Promise<void> {
  const whole: DriveOrder = {
    ...order,
    onProgress: (progress) => tell({ progress }),
    signal: stop.signal,
    cut: cut.signal,
    ...(lookEveryS !== null && {
      watch: {
        everyS: lookEveryS,
        onMeasured: (measurement: Measurement, elapsedS: number) => tell({ soFar: { measurement, elapsedS } }),
      },
    }),
  };
  const part = {
    index,
    count,
    start() {
      tell({ isConnected: true });
      return start.promise;
    },
    isOver(pending: Pending) {
      tell({ pending });
      return isOver;
    },
  };
  try {
    tell({ measurement: await generate(whole, part, drainMs) });
  } catch (error) {
    const code = error instanceof DriveError ? error.code : null;
    tell({ failed: { code, message: error instanceof Error ? error.message : String(error) } });
  }
}
