import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { setTimeout as delay } from "node:timers/promises";
import type { Firing } from "./alert-history.ts";
import { openAlertStage, type Act, type AlertStage } from "./alert-stage.ts";
import { machine } from "./machine.ts";
import { benchmarkPage, type Section } from "./report.ts";

/**
 * `npm run bench:alerts`: do the alerts of a real stack fire on one hot dialog, name its shard, resolve, and stay quiet
 * under random traffic? Writes `docs/benchmarks-alerts.md`; exit code 1 when they do not. About fifteen minutes.
 */
const { values } = parseArgs({
  options: {
    rate: { type: "string", default: "300" },
    /** Minutes of random traffic. */
    even: { type: "string", default: "10" },
  },
});
const HOT = ["ChatHotShard", "ChatHotDialog"];
/** As in prometheus/prometheus.yml, seconds. */
const EVALUATION_S = 5;
const MOST_EVALUATIONS = 2;
const RESOLVE_S = 300;
const POLL_MS = 1_000;
const DIALS = ["--rate", values.rate, "--users", values.rate];

const faults: string[] = [];
const stage = await openAlertStage(say);
try {
  const first = await hot("on a stack that has just come up", ["--duration", "30s"], MOST_EVALUATIONS);
  const even = await quiet(Number(values.even));
  const second = await hot(`after ${values.even} minutes of random traffic`, ["--duration", "2m"], Infinity);
  const sections = [hotSection([first, second]), even];
  writeFileSync(
    join(import.meta.dirname, "../docs/benchmarks-alerts.md"),
    benchmarkPage("bench:alerts", machine(), sections),
  );
} finally {
  await stage.strike();
}
for (const fault of faults) say(`FAULT: ${fault}`);
process.exitCode = faults.length > 0 ? 1 : 0;

interface Hot {
  readonly when: string;
  readonly rows: readonly (readonly (string | number)[])[];
}

/** Lady Gaga until it is over and the alerts have resolved. */
async function hot(when: string, options: readonly string[], mostEvaluations: number): Promise<Hot> {
  say(`lady-gaga ${when}`);
  const act = await stage.play("lady-gaga", [...DIALS, ...options]);
  const resolved = await resolution(stage, act.to);
  const now = Date.now() / 1_000;
  const seen = await stage.history.firstMessage(act.from, now);
  const firings = await stage.history.firings(act.from, now);
  const shard = act.result.hotDialogs[0]?.shard ?? "none";
  const others = firings.filter(({ alert }) => !HOT.includes(alert)).map(({ alert }) => alert);
  if (others.length > 0) faults.push(`${when}: ${others.join(", ")} fired, too`);
  const rows = HOT.map((alert) => [
    when,
    ...rowOf(alert, act, { when, seen, firings, shard, resolved, mostEvaluations }),
  ]);
  for (const row of rows) say(row.join("  "));
  return { when, rows };
}

interface Seen {
  readonly when: string;
  readonly seen: number | null;
  readonly firings: readonly Firing[];
  readonly shard: string;
  readonly resolved: boolean;
  readonly mostEvaluations: number;
}

function rowOf(
  alert: string,
  act: Act,
  { when, seen, firings, shard, resolved, mostEvaluations }: Seen,
): (string | number)[] {
  const own = firings.filter((firing) => firing.alert === alert);
  const named = own.map(({ labels }) => labels["shard"]).filter((label) => label !== undefined);
  if (own.length === 0 || seen === null) {
    faults.push(`${when}: ${alert} did not fire`);
    return [alert, "never", "–", "–", "–"];
  }
  if (alert === "ChatHotShard" && named.join() !== shard)
    faults.push(`${when}: ${alert} named ${named.join()}, not ${shard}`);
  if (!resolved) faults.push(`${when}: ${alert} did not resolve`);
  const evaluations = Math.ceil((own[0]!.first - seen) / EVALUATION_S);
  if (evaluations > mostEvaluations) faults.push(`${when}: ${alert} fired at evaluation ${evaluations}`);
  return [
    alert,
    named.join() || "–",
    own[0]!.first - seen,
    evaluations,
    Math.max(...own.map(({ last }) => last)) + EVALUATION_S - act.to,
  ];
}

async function resolution({ history }: AlertStage, since: number): Promise<boolean> {
  while ((await history.firing(HOT)).length > 0) {
    if (Date.now() / 1_000 > since + RESOLVE_S) return false;
    await delay(POLL_MS);
  }
  return true;
}

async function quiet(minutes: number): Promise<Section> {
  say(`random for ${minutes} minutes`);
  const act = await stage.play("random", [...DIALS, "--duration", `${minutes}m`]);
  const firings = await stage.history.firings(act.from, Date.now() / 1_000);
  for (const { alert } of firings) faults.push(`${alert} fired under random traffic`);
  const { skew, traffic } = act.result;
  const row = [minutes, traffic.acked, firings.length, skew.maxOverMean, skew.noiseFloor.p99];
  say(row.join("  "));
  return {
    title: "Random traffic",
    text:
      "No alert of any kind may fire. Max/mean is that of the whole run, beside what a perfect hash gives " +
      "its dialogs at most in 99 of 100 runs.",
    head: ["minutes", "messages", "alerts that fired", "max/mean", "by chance, p99"],
    rows: [row],
  };
}

function hotSection(acts: readonly Hot[]): Section {
  return {
    title: "One hot dialog",
    text:
      `\`hotshard stack up\`, then \`hotshard run lady-gaga --rate ${values.rate}\`: one dialog with 40 % of the ` +
      `messages. Rules are evaluated every ${EVALUATION_S} seconds; counted from the first scrape that saw a ` +
      `message, on a new stack each alert fires within ${MOST_EVALUATIONS} evaluations. Right after even traffic ` +
      "the last minute holds some of it yet, and takes longer. Resolved is after the end of the run: its last " +
      "minute must pass.",
    head: ["when", "alert", "shard", "fires after, s", "evaluations", "resolved after, s"],
    rows: acts.flatMap(({ rows }) => rows),
  };
}

function say(line: string): void {
  process.stderr.write(`alerts: ${line}\n`);
}
