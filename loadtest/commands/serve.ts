import type { Command } from "commander";
import { SERVER_PROGRAM, STOP_MS } from "../run/own-server.ts";
import { startChild } from "../system/child.ts";
import { EXIT } from "../run/exit-code.ts";

/** How often to look whether npm's shell is still there, ms. */
const LOOK_MS = 500;

/**
 * `hotshard serve`: hands all options to the server's own program, which alone knows them. Signals are passed on; the
 * server takes a second one for the first, so that a terminal's Ctrl-C, which reaches both, ends it once. It ends
 * with this process, however that dies.
 */
export function addServe(program: Command, finish: (code: number) => void): void {
  program
    .command("serve")
    .summary("the reference chat server (hotshard serve --help lists its options)")
    .argument("[options...]")
    .allowUnknownOption()
    .helpOption(false)
    .action(async (args: string[]) => {
      const child = startChild(process.execPath, [SERVER_PROGRAM, ...args], {
        stdio: ["inherit", "inherit", "inherit", "ipc"],
        patienceMs: STOP_MS,
      });
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void child.end(signal));
      if (process.env["npm_lifecycle_event"] !== undefined) whenOrphaned(() => void child.end());
      const { code } = await child.closed;
      finish(code ?? EXIT.internal);
    });
}

/** `kill` of `npx hotshard serve` ends npm and the shell between, and neither passes the signal on. */
function whenOrphaned(stop: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop();
  }, LOOK_MS).unref();
}
