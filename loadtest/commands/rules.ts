import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { skewFiles } from "../rules/skew-files.ts";
import { parseSkewTarget, type SkewOptions } from "../rules/skew-target.ts";

const AFTER = `
Example:
  hotshard rules --metric mysql_global_status_queries --by instance \\
    --out prometheus
  promtool check rules prometheus/rules/mysql-global-status-queries-skew.yml`;

/** `hotshard rules`: skew rules for a metric and a label of any system. */
export function addRules(program: Command): void {
  program
    .command("rules")
    .summary("Prometheus rules, alerts and a dashboard for the skew of any metric")
    .description(
      "Prints (or writes) recording rules for the skew of a metric over the values of one label, alerts " +
        "that stay quiet by chance, and a Grafana dashboard.",
    )
    .requiredOption("--metric <name>", "the metric, perhaps with matchers: 'requests_total{job=\"db\"}'")
    .requiredOption("--by <label>", "the label that tells your shards, partitions or brokers apart")
    .option("--unless <expr>", "PromQL: leave out those for which it has a value, such as drained ones")
    .option("--for <kind>", "counter or gauge", "counter")
    .option("--prefix <name>", "begins the names of rules and alerts; by default the metric's name")
    .option("--target <ratio>", "largest load over the mean from which one is hot", "1.25")
    .option("--hold <duration>", "how long it must be hot before the alert fires", "2m")
    .option("--runbook <url>", "page that the alerts point to")
    .option("--out <dir>", "folder for rules/, alerts/ and dashboards/; without it all is printed")
    .addHelpText("after", AFTER)
    .action(async ({ out, ...options }: SkewOptions & { out?: string }) => {
      for (const { path, text } of skewFiles(parseSkewTarget(options))) {
        if (out === undefined) process.stdout.write(`# ${path}\n${text}\n`);
        else {
          await mkdir(dirname(join(out, path)), { recursive: true });
          await writeFile(join(out, path), text);
          process.stdout.write(`${join(out, path)}\n`);
        }
      }
    });
}
