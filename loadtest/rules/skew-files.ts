import { shellFlags } from "../system/command-line.ts";
import { hotAlert, missingAlert, recordingRules, type Rule } from "./skew-rules.ts";
import { skewDashboard } from "./skew-dashboard.ts";
import type { SkewTarget } from "./skew-target.ts";
import { stringify } from "yaml";

/** A file to write: its path below the output folder, and its text. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Everything for one target: recording rules, alerts, and a dashboard.
 *
 * @param withMissing with the alert for a shard that stops reporting; a system that knows how many shards it has
 *   tests that better itself
 */
export function skewFiles(target: SkewTarget, withMissing = true): GeneratedFile[] {
  const name = `${target.prefix.replaceAll("_", "-")}-skew`;
  const alerts = [hotAlert(target), ...(withMissing ? [missingAlert(target)] : [])];
  return [
    yamlFile(target, `rules/${name}.yml`, group(name, recordingRules(target))),
    yamlFile(target, `alerts/${name}.yml`, group(`${name}-alerts`, alerts)),
    { path: `dashboards/${name}.json`, text: `${JSON.stringify(skewDashboard(target), null, 2)}\n` },
  ];
}

/** As the formatter of this repository leaves it. */
const STYLE = { lineWidth: 0, blockQuote: "literal" } as const;

function group(name: string, rules: readonly Rule[]): object {
  return { groups: [{ name, rules: rules.map((rule) => ({ ...rule })) }] };
}

function yamlFile(target: SkewTarget, path: string, content: object): GeneratedFile {
  return { path, text: `# Made by: ${commandOf(target)}\n${stringify(content, STYLE)}` };
}

/** The command that makes the same again. */
function commandOf({ metric, selector, by, unless, kind, prefix, target, hold, runbook }: SkewTarget): string {
  const flags = {
    metric: `${metric}${selector}`,
    by,
    unless: unless ?? undefined,
    for: kind,
    prefix,
    target: String(target),
    hold,
    runbook: runbook ?? undefined,
  };
  return `hotshard rules ${shellFlags(flags)}`;
}
