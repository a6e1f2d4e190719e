import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Result } from "../loadtest/analysis/result/result.ts";
import { createStack } from "../tools/stack/stack.ts";
import { alertHistory, type AlertHistory } from "./alert-history.ts";

const HOTSHARD = join(import.meta.dirname, "../bin/hotshard.js");
const WISHES = { server: 0, prometheus: 0, loki: 0, mariadb: 0 };
const VERDICT_INVALID = 3;

/** One run and when it was, Unix seconds. */
export interface Act {
  readonly from: number;
  readonly to: number;
  readonly result: Result;
}

/** A stack of `hotshard stack up` in a folder and on ports of its own, to be looked at while it is under load. */
export interface AlertStage {
  readonly history: AlertHistory;
  /** `hotshard run SCENARIO --url …`. That the generator lagged is no fault here. */
  play(scenario: string, options: readonly string[]): Promise<Act>;
  /** Stops everything and removes the folder. */
  strike(): Promise<void>;
}

/** @param say takes lines of progress */
export async function openAlertStage(say: (line: string) => void): Promise<AlertStage> {
  const folder = await mkdtemp(join(tmpdir(), "hotshard-alerts-"));
  const stack = createStack(folder, say);
  const strike = async () => {
    await stack.down();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const { parts } = await stack.up(WISHES);
    const addressOf = (name: string) => parts.find((part) => part.name === name)!.address;
    const url = `${addressOf("server").replace("http", "ws")}/chat`;
    const history = alertHistory(addressOf("prometheus"));
    // A Prometheus that answers has not found its server yet: a run would be over before it was seen.
    await history.knows(0);
    let acts = 0;
    return {
      history,
      async play(scenario, options) {
        const out = join(folder, `run-${++acts}`);
        const from = Date.now() / 1_000;
        await promisify(execFile)(
          process.execPath,
          [HOTSHARD, "run", scenario, "--url", url, "--out", out, ...options],
          { maxBuffer: 2 ** 26 },
        ).catch((error: Error & { code?: number }) => {
          if (error.code !== VERDICT_INVALID) throw error;
        });
        const to = Date.now() / 1_000;
        return { from, to, result: JSON.parse(await readFile(join(out, "result.json"), "utf8")) as Result };
      },
      strike,
    };
  } catch (error) {
    await strike();
    throw error;
  }
}
