import type { DriveOrder, Progress } from "../contract.ts";
import type { Measurement } from "../../measurement/measurement.ts";
import { DriveError, type DriveErrorCode } from "../drive-error.ts";
import { generate, type Books } from "./generator.ts";

/** What a generator of a team is told, once. */
export interface Assignment {
  readonly order: Omit<DriveOrder, "onProgress" | "signal" | "generators">;
  readonly index: number;
  readonly count: number;
  readonly drainMs: number;
}

export type ToMember =
  | { readonly kind: "assignment"; readonly assignment: Assignment }
  | { readonly kind: "start"; readonly at: number }
  | { readonly kind: "stop" }
  | { readonly kind: "go home" };

export type FromMember =
  | { readonly kind: "connected" }
  | { readonly kind: "progress"; readonly progress: Progress }
  | { readonly kind: "books"; readonly books: Books }
  | { readonly kind: "measured"; readonly measurement: Measurement }
  | { readonly kind: "failed"; readonly code: DriveErrorCode | null; readonly message: string };

/** One generator of several (`node-team.ts`): a process that makes its lanes' part of the run. */
const stop = new AbortController();
const start = Promise.withResolvers<number>();
let isOver = false;

process.on("message", (message: ToMember) => {
  if (message.kind === "assignment") void take(message.assignment);
  else if (message.kind === "start") start.resolve(message.at);
  else if (message.kind === "stop") stop.abort();
  else isOver = true;
});
// Signals reach the whole group of processes; the team's head says when to stop.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
process.once("disconnect", () => process.exit());

function tell(message: FromMember): void {
  process.send?.(message);
}

async function take({ order, index, count, drainMs }: Assignment): Promise<void> {
  const whole: DriveOrder = {
    ...order,
    onProgress: (progress) => tell({ kind: "progress", progress }),
    signal: stop.signal,
  };
  const seat = {
    index,
    count,
    start() {
      tell({ kind: "connected" });
      return start.promise;
    },
    isOver(books: Books) {
      tell({ kind: "books", books });
      return isOver;
    },
  };
  try {
    tell({ kind: "measured", measurement: await generate(whole, seat, drainMs) });
  } catch (error) {
    const code = error instanceof DriveError ? error.code : null;
    tell({ kind: "failed", code, message: error instanceof Error ? error.message : String(error) });
  }
}
