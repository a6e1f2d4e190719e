import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { findProgram, PROMETHEUS } from "../../tools/stack/programs.ts";
import { need } from "./need.ts";
import { temporaryFolder, unusedPort } from "./server.ts";

const program = await findProgram(PROMETHEUS);

/** For the `skip` of a test that needs Prometheus: the reason, or false. */
export const skipWithoutPrometheus: false | string = need("prometheus", program, "apt-get install prometheus");

/** With these it takes what generators write. */
export const RECEIVER = "--web.enable-remote-write-receiver";
export const HISTOGRAMS = "--enable-feature=native-histograms";

/**
 * A Prometheus that ends with the test.
 *
 * @param config its file; empty: it scrapes nothing
 * @returns its address
 */
export async function startPrometheus(t: TestContext, flags: readonly string[], config = ""): Promise<string> {
  const folder = temporaryFolder();
  const address = `127.0.0.1:${await unusedPort()}`;
  writeFileSync(join(folder, "prometheus.yml"), config);
  const own = [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`];
  const child = spawn(program!, [...own, `--web.listen-address=${address}`, ...flags], { stdio: "ignore" });
  t.after(async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    rmSync(folder, { recursive: true, force: true });
  });
  for (;;) {
    if (child.exitCode !== null) throw new Error("prometheus did not start");
    const answer = await fetch(`http://${address}/-/ready`).catch(() => null);
    if (answer?.ok === true) return `http://${address}`;
    await delay(50);
  }
}

/** @returns the values of an instant query by one label, or by shard */
export async function askPromQL(prometheus: string, query: string, label = "shard"): Promise<Record<string, number>> {
  const answer = await fetch(`${prometheus}/api/v1/query?query=${encodeURIComponent(query)}`);
  const { data } = (await answer.json()) as {
    data: { result: { metric: Record<string, string>; value: [number, string] }[] };
  };
  return Object.fromEntries(data.result.map(({ metric, value }) => [metric[label] ?? "", Number(value[1])]));
}
