import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { MUTANTS } from "./mutants.ts";

/**
 * One mutant in a process of its own: `hunt.ts NAME SEEDS`. Its source is changed as it is loaded, and nowhere else. The
 * last line of the output says what caught it: `{"seed": …, "seeds": …, "broken": …}`, seed null when nothing did.
 */
const [name, seeds = "1000"] = process.argv.slice(2);
const mutant = MUTANTS.find((one) => one.name === name);
if (mutant === undefined) throw new Error(`there is no mutant "${name}"`);

const ROOT = join(import.meta.dirname, "../..");
const sources = new Map<string, string>();
for (const { file, find, replace } of mutant.edits) {
  const url = pathToFileURL(join(ROOT, file)).href;
  const text = sources.get(url) ?? readFileSync(join(ROOT, file), "utf8");
  const found = text.split(find).length - 1;
  if (found !== 1) throw new Error(`mutant "${name}": its piece is ${found} times in ${file}, not once: ${find}`);
  sources.set(
    url,
    text.replace(find, () => replace),
  );
}

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
