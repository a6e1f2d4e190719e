import { registerHooks } from "node:module";
import { mutatedSources } from "./mutant-source.ts";
import { MUTANTS } from "./mutants.ts";

/**
 * One mutant in a process of its own: `hunt.ts NAME SEEDS`. Its source is changed as it is loaded, and nowhere else. The
 * last line of the output says what caught it: `{"seed": …, "seeds": …, "broken": …}`, seed null when nothing did.
 */
const [name, seeds = "1000"] = process.argv.slice(2);
const mutant = MUTANTS.find((one) => one.name === name);
if (mutant === undefined) throw new Error(`there is no mutant "${name}"`);

const sources = mutatedSources(mutant);
const loaded = new Set<string>();
registerHooks({
  load(url, context, next) {
    const changed = sources.get(url);
    if (changed === undefined) return next(url, context);
    loaded.add(url);
    return { format: "module-typescript", source: changed, shortCircuit: true };
  },
});

Error.stackTraceLimit = 0;
const { simulate } = await import("./simulation.ts");
if (loaded.size !== sources.size) throw new Error(`mutant "${name}": what it changes is not loaded`);
console.log(JSON.stringify(await hunt(Number(seeds))));

async function hunt(most: number): Promise<{ seed: number | null; seeds: number; broken: string }> {
  for (let seed = 1; seed <= most; seed++) {
    const { broken } = await simulate(seed);
    if (broken.length > 0) return { seed, seeds: seed, broken: broken[0]! };
  }
  return { seed: null, seeds: most, broken: "" };
}
