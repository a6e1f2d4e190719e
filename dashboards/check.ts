import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runQueries } from "./run-queries.ts";

/**
 * `node dashboards/check.ts --prometheus URL [--loki URL]`: runs every query of every panel and rule on live ones.
 *
 * Exit code 0 when all give finite data with the labels of their legends, 1 when one does not, 4 when one of them does not answer.
 */
const { values } = parseArgs({
  options: {
    prometheus: { type: "string", default: "http://127.0.0.1:9090" },
    loki: { type: "string" },
    dashboards: { type: "string", default: fileURLToPath(new URL("./json", import.meta.url)) },
    range: { type: "string", default: "300" },
    rate: { type: "string", default: "1m" },
    absent: { type: "string" },
  },
});

try {
  const checked = await runQueries({
    prometheus: values.prometheus,
    dashboards: values.dashboards,
    rangeS: Number(values.range),
    rate: values.rate,
    ...(values.loki !== undefined && { loki: values.loki }),
    ...(values.absent !== undefined && { absent: new RegExp(values.absent, "u") }),
  });
  const faults = checked.filter(({ fault }) => fault !== null);
  for (const { where, expr, fault } of faults) process.stdout.write(`${where}: ${fault}\n    ${expr}\n`);
  process.stdout.write(`${checked.length} queries, ${faults.length} with a fault\n`);
  process.exitCode = faults.length === 0 ? 0 : 1;
} catch (error) {
  const asked = [values.prometheus, ...(values.loki === undefined ? [] : [values.loki])].join(", ");
  process.stderr.write(`check: ${asked}: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 4;
}
