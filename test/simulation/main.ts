import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { simulate, type Outcome } from "./simulation.ts";

/**
 * `npm run simulate -- --seeds 10000 [--from 1]`: as many simulations, over all processors. `--seed N` replays one, and
 * prints all that happens in it. Exit code 1 when a promise was broken.
 */
const { values } = parseArgs({
  options: { seeds: { type: "string" }, from: { type: "string" }, seed: { type: "string" } },
});
/** Seeds that a worker gets at a time. */
const SHARE = 25;

if (values.seed === undefined) await simulateMany(numberOf(values.seeds, 1_000), numberOf(values.from, 1));
else await replay(numberOf(values.seed, 1));

async function replay(seed: number): Promise<void> {
  const outcome = await simulate(seed, (at, text) => console.log(`${at.toFixed(1).padStart(10)} ms  ${text()}`));
  console.log(JSON.stringify(outcome.profile));
  report(outcome);
  if (outcome.broken.length === 0) console.log(`seed ${seed}: every promise was kept`);
  else process.exitCode = 1;
}

async function simulateMany(seeds: number, first: number): Promise<void> {
  const start = performance.now();
  const sums = { messages: 0, pages: 0, epochs: 0, moved: 0, broken: 0 };
  let next = first;

  async function work(): Promise<void> {
    const worker = new Worker(new URL("./worker.ts", import.meta.url));
    while (next < first + seeds) {
      const from = next;
      next = Math.min(from + SHARE, first + seeds);
      worker.postMessage({ from, until: next });
      for (const outcome of await answerOf(worker)) {
        for (const name of ["messages", "pages", "epochs", "moved"] as const) sums[name] += outcome[name];
        if (outcome.broken.length > 0) sums.broken += 1;
        report(outcome);
      }
    }
    await worker.terminate();
  }

  await Promise.all(Array.from({ length: Math.min(availableParallelism(), seeds) }, work));
  const seconds = (performance.now() - start) / 1_000;
  const rate = Math.round((seeds / seconds) * 60);
  console.log(
    `${seeds} seeds from ${first} in ${seconds.toFixed(1)} s (${rate} a minute): ${sums.messages} messages, ` +
      `${sums.pages} pages read, ${sums.epochs} topologies, ${sums.moved} messages moved as the one exception allows; ` +
      `${sums.broken} seeds broke a promise`,
  );
  if (sums.broken > 0) process.exitCode = 1;
}

function answerOf(worker: Worker): Promise<readonly Outcome[]> {
  return new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("message", (outcomes: readonly Outcome[]) => {
      worker.off("error", reject);
      resolve(outcomes);
    });
  });
}

function report({ broken, seed }: Outcome): void {
  if (broken.length === 0) return;
  console.log(`seed ${seed}: ${broken.length} broken; again with: npm run simulate -- --seed ${seed}`);
  for (const line of broken.slice(0, 3)) console.log(`  ${line}`);
}

function numberOf(text: string | undefined, otherwise: number): number {
  const number = Number(text ?? otherwise);
  if (!Number.isSafeInteger(number) || number < 1) throw new Error(`${text} is not a whole number from 1 on`);
  return number;
}
