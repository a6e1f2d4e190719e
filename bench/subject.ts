import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startChild } from "../loadtest/system/child.ts";

/** A server process under measurement. */
export interface Subject {
  readonly pid: number;
  /** WebSocket address. */
  readonly url: string;
  /** CPU of the whole process so far, all threads, user and system, microseconds. */
  cpuMicros(): number;
  /** Resident memory, bytes. */
  residentBytes(): number;
  stop(): Promise<void>;
}

/** Linux counts a process's CPU in hundredths of a second. */
const TICK_MICROS = 10_000;

/**
 * Starts a program of this repository that prints `{"listening": URL}`.
 *
 * @param program relative to `bench/`
 * @param log what becomes of the lines after it
 */
export async function startSubject(
  program: string,
  args: readonly string[],
  log: "shown" | "dropped" = "shown",
): Promise<Subject> {
  const file = fileURLToPath(new URL(program, import.meta.url));
  const started = startChild(process.execPath, [file, ...args], { stdio: ["ignore", "pipe", "inherit", "ipc"] });
  const child = started.process;
  const lines = createInterface(child.stdout!);
  const [line] = (await once(lines, "line")) as [string];
  if (log === "shown") lines.on("line", (line) => void process.stderr.write(`${line}\n`));
  else {
    lines.close();
    child.stdout!.resume();
  }
  const { listening } = JSON.parse(line) as { listening: string };
  const proc = `/proc/${child.pid}`;
  return {
    pid: child.pid!,
    url: `${listening.replace("http", "ws")}/chat`,
    cpuMicros() {
      // The name in parentheses may hold spaces; user and system time are the 12th and 13th field after it.
      const fields = readFileSync(`${proc}/stat`, "utf8").split(") ")[1]!.split(" ");
      return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS;
    },
    residentBytes: () => Number(/VmRSS:\s+(\d+)/u.exec(readFileSync(`${proc}/status`, "utf8"))![1]) * 1_024,
    async stop() {
      await started.end();
    },
  };
}
