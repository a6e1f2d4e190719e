import { globSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runQueries, type CheckOptions } from "./run-queries.ts";

/**
 * `node dashboards/check.ts --prometheus URL [--loki URL]`: runs every query of every panel and rule on live ones.
 *
 * Exit code 0 when all give finite data with the labels of their legends, 1 when one does not, 2 for bad usage, 4 when one
 * of them does not answer.
 */
async function main(args: string[]): Promise<number> {
  let options: CheckOptions;
  try {
    options = readOptions(args);
  } catch (error) {
    return say(2, error);
  }
  try {
    const checked = await runQueries(options);
    const faults = checked.filter(({ fault }) => fault !== null);
    for (const { where, expr, fault } of faults) process.stdout.write(`${where}: ${fault}\n    ${expr}\n`);
    process.stdout.write(`${checked.length} queries, ${faults.length} with a fault\n`);
    return faults.length === 0 ? 0 : 1;
  } catch (error) {
    return say(4, error, `${[options.prometheus, options.loki ?? []].flat().join(", ")}: `);
  }
}

/** @throws {Error} that says what is wrong */
function readOptions(args: string[]): CheckOptions {
  const { values } = parseArgs({
    args,
    options: {
      prometheus: { type: "string", default: "http://127.0.0.1:9090" },
      loki: { type: "string" },
      dashboards: { type: "string", default: fileURLToPath(new URL("./json", import.meta.url)) },
      range: { type: "string", default: "300" },
      rate: { type: "string", default: "1m" },
      absent: { type: "string" },
    },
  });
  const { absent, dashboards, loki, prometheus, range, rate } = values;
  if (!/^[1-9]\d*$/u.test(range)) throw new Error(`--range ${range}: whole seconds`);
  if (globSync("*.json", { cwd: dashboards }).length === 0) {
    throw new Error(`--dashboards ${dashboards}: no dashboards (*.json) are there`);
  }
  return {
    prometheus,
    dashboards,
    rangeS: Number(range),
    rate,
    ...(loki !== undefined && { loki }),
    ...(absent !== undefined && { absent: new RegExp(absent, "u") }),
  };
}

function say(exitCode: number, error: unknown, where = ""): number {
  process.stderr.write(`check: ${where}${error instanceof Error ? error.message : String(error)}\n`);
  return exitCode;
}

process.exitCode = await main(process.argv.slice(2));
