import { parseArgs } from "node:util";
import { chaos } from "./chaos.ts";

/** `npm run chaos -- --seconds 600 --seed 1 --databases 5 --nodes 2`: exit code 1 when something was lost. */
const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    databases: { type: "string", default: "5" },
    nodes: { type: "string", default: "2" },
  },
});
const [seconds, seed, databases, nodes] = [values.seconds, values.seed, values.databases, values.nodes].map(Number) as [
  number,
  number,
  number,
  number,
];
const start = performance.now();
const tell = (line: string): void => {
  process.stderr.write(`${((performance.now() - start) / 1_000).toFixed(1)} s ${line}\n`);
};
tell(`seed ${seed}, ${seconds} s, ${databases} databases, ${nodes} servers`);
const result = await chaos({ seed, seconds, databases, nodes, tell });
process.stdout.write(`${JSON.stringify({ seed, ...result }, null, 2)}\n`);
const isGood = [result.lost, result.twice, result.reordered, result.strange].every((found) => found.length === 0);
process.exitCode = isGood ? 0 : 1;
