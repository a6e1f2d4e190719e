import { parentPort } from "node:worker_threads";
import { simulate, type Outcome } from "./simulation.ts";

// Thousands of errors are made that nobody looks at.
Error.stackTraceLimit = 0;

/** Seeds from `from` up to, not including, `until`. */
async function simulateThese({ from, until }: { readonly from: number; readonly until: number }): Promise<void> {
  const outcomes: Outcome[] = [];
  for (let seed = from; seed < until; seed++) outcomes.push(await simulate(seed));
  parentPort!.postMessage(outcomes);
}

parentPort!.on("message", (share: Parameters<typeof simulateThese>[0]) => void simulateThese(share));
