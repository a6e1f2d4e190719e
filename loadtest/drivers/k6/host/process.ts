import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { startChild } from "../../../system/child.ts";
import { LINE_MARK, type Line } from "../script/tally.ts";
import type { K6Counters } from "./merge.ts";
import { cpuSeconds } from "./process-cpu.ts";

/** k6's exit codes: all well, a threshold crossed (the verdict is not k6's here), stopped by a signal. */
const EXIT = { good: 0, threshold: 99, signal: 105 } as const;

export interface K6Start {
  readonly program: string;
  readonly script: string;
  /** Further arguments of `k6 run`. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where the script writes its counters. */
  readonly summary: string;
  readonly onLine: (line: Line) => void;
}

/** How one k6 ended. */
export interface K6End {
  /** Null when a signal ended it. */
  readonly code: number | null;
  /** Null when it did not come to its summary. */
  readonly counters: K6Counters | null;
  /** The last of what it said itself. */
  readonly words: string;
  /** Writes that its Prometheus did not take. */
  readonly unwritten: number;
  /** It came to its end, whatever its thresholds say. */
  readonly isGood: boolean;
}

/** k6's own words for a write that its Prometheus did not take, whatever the reason. */
const NOT_WRITTEN = "Failed to send the time series data to the endpoint";

/** One k6 that runs a scenario and prints a line a second for each VU. */
export interface K6Process {
  interrupt(): void;
  kill(): void;
  /** Seconds of CPU so far; null when it is gone. */
  cpu(): Promise<number | null>;
  readonly ended: Promise<K6End>;
}

export function startK6({ program, script, args, env, summary, onLine }: K6Start): K6Process {
  const child = startChild(program, ["run", "--quiet", "--log-output=stdout", "--log-format=raw", ...args, script], {
    // Go collects garbage so often that it costs a third of the script: memory is cheaper here.
    env: { GOGC: "400", ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    // A second interrupt makes k6 drop its summary: Ctrl-C in a terminal must reach it once, through `interrupt`.
    detached: true,
    ask: "SIGKILL",
  });
  let tail = "";
  let unwritten = 0;
  const say = (text: string) => void (tail = `${tail}${text}\n`.slice(-2_000));
  child.process.stderr!.on("data", (text: string) => say(text.trimEnd()));

  async function read(): Promise<K6End> {
    for await (const line of createInterface(child.process.stdout!)) {
      const counted = line.startsWith(LINE_MARK) ? parsed(line) : null;
      if (line.includes(NOT_WRITTEN)) unwritten += 1;
      else if (counted === null) say(line);
      else onLine(counted);
    }
    const { code } = await child.closed;
    const counters = await readCounters(summary);
    const codes: readonly (number | null)[] = Object.values(EXIT);
    return { code, counters, words: tail.trim(), unwritten, isGood: counters !== null && codes.includes(code) };
  }

  return {
    interrupt: () => void child.process.kill("SIGINT"),
    kill: () => void child.process.kill("SIGKILL"),
    cpu: async () => (child.process.pid === undefined ? null : cpuSeconds(child.process.pid)),
    ended: read(),
  };
}

/** @returns null for the half of a line that a killed k6 leaves: the counters then show what is missing */
function parsed(line: string): Line | null {
  try {
    return JSON.parse(line) as Line;
  } catch {
    return null;
  }
}

async function readCounters(file: string): Promise<K6Counters | null> {
  try {
    return (JSON.parse(await readFile(file, "utf8")) as { counters: K6Counters }).counters;
  } catch {
    return null;
  }
}
