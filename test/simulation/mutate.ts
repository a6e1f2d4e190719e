import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { MUTANTS, type Mutant } from "./mutants.ts";

/**
 * `npm run mutants [-- --seeds 2000] [--only TEXT]`: the mutation score. Each deliberate fault of the protocol is
 * switched on in a process of its own, and seeds are simulated until one breaks a promise. Exit code 1 when one is not
 * caught. `--covered` hunts those that another rule covers too, which are no part of the score.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "2000" },
    only: { type: "string" },
    covered: { type: "boolean", default: false },
  },
});
const chosen = MUTANTS.filter(
  ({ isCovered = false, name }) => isCovered === values.covered && name.includes(values.only ?? ""),
);
const run = promisify(execFile);

interface Caught {
  readonly seed: number | null;
  readonly seeds: number;
  readonly broken: string;
}

async function hunt({ name }: Mutant): Promise<Caught> {
  try {
    const { stdout } = await run(process.execPath, [join(import.meta.dirname, "hunt.ts"), name, values.seeds]);
    return JSON.parse(stdout.trim().split("\n").at(-1)!) as Caught;
  } catch (error) {
    // Not found in its file, say.
    return { seed: null, seeds: 0, broken: (error as Error).message };
  }
}

const results = new Map<Mutant, Caught>();
const waiting = [...chosen];
async function work(): Promise<void> {
  for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
    const caught = await hunt(mutant);
    results.set(mutant, caught);
    const what = caught.seed === null ? `NOT CAUGHT by ${caught.seeds} seeds` : `caught by seed ${caught.seed}`;
    console.log(`${mutant.rule}  ${mutant.name} · ${what}`);
    if (caught.broken !== "") console.log(`     ${caught.broken.slice(0, caught.seed === null ? 2_000 : 150)}`);
  }
}
await Promise.all(Array.from({ length: availableParallelism() }, work));

const caught = [...results.values()].filter(({ seed }) => seed !== null).length;
console.log(`mutation score: ${caught} of ${chosen.length} (${Math.floor((100 * caught) / chosen.length)} %)`);
if (caught < chosen.length) process.exitCode = 1;
