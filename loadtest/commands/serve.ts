import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Command } from "commander";
import { serverProgram } from "../own-server.ts";
import { EXIT } from "../exit-code.ts";

/**
 * `hotshard serve`: hands all options to the server's own program, which alone knows them. A terminal's Ctrl-C reaches
 * it directly; a SIGTERM is passed on.
 */
export function addServe(program: Command, finish: (code: number) => void): void {
  program
    .command("serve")
    .summary("the reference chat server (hotshard serve --help lists its options)")
    .argument("[options...]")
    .allowUnknownOption()
    .helpOption(false)
    .action(async (args: string[]) => {
      const child = spawn(process.execPath, [serverProgram(), ...args], { stdio: "inherit" });
      const pass = () => child.kill("SIGTERM");
      process.on("SIGTERM", pass);
      // The child gets it from the terminal as well; dying first would leave it without a shell.
      process.on("SIGINT", () => {});
      const [code] = (await once(child, "exit")) as [number | null];
      finish(code ?? EXIT.internal);
    });
}
