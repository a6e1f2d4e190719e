import { resolve } from "node:path";
import { Argument, Option, type Command } from "commander";
import { ConfigError } from "../../server/config-error.ts";
import { EXIT } from "../run/exit-code.ts";
import { hasModule } from "../../tools/stack/go-build.ts";
import { PINNED_PROMETHEUS } from "../../tools/stack/pinned.ts";
import type { PartStatus } from "../../tools/stack/contract.ts";
import { installPrometheus } from "../../tools/stack/install.ts";
import type { PortWishes } from "../../tools/stack/ports.ts";
import { createStack, type Stack } from "../../tools/stack/stack.ts";

interface Given {
  readonly data: string;
  readonly json?: boolean;
  readonly port?: string;
  readonly prometheusPort?: string;
  readonly lokiPort?: string;
  readonly mariadbPort?: string;
}

const PORTS = {
  port: "chat and live page, default 8086",
  "prometheus-port": "Prometheus, default 9090",
  "loki-port": "Loki, where it is installed, default 3100",
  "mariadb-port": "the first of the four MariaDBs; by default free ones from 3306 on",
} as const;

/** `hotshard stack up|status|down`: four MariaDBs, the server, Prometheus and perhaps Loki, without Docker. */
export function addStack(program: Command, finish: (code: number) => void): void {
  const stack = program
    .command("stack")
    .summary("four MariaDBs, the server, Prometheus (and Loki) on this machine, without Docker");

  const up = part(stack, "up", "start what does not run yet, and wait until all of it works");
  for (const [name, meaning] of Object.entries(PORTS)) up.addOption(option(name, `${meaning}; 0 takes a free one`));
  up.action(async (given: Given) => {
    const { parts, started } = await stackOf(given).up(wishesOf(given));
    say(
      started === 0
        ? "The stack was up already."
        : `The stack is up; ${started} of ${parts.length} parts were started.`,
    );
    const address = parts.find(({ name }) => name === "server")!.address;
    say(`Try: hotshard run lady-gaga --url ${address.replace("http", "ws")}/chat`);
    show(parts, given);
  });

  part(stack, "status", "each part: state, process id, address, version; exit code 4 unless all are up").action(
    async (given: Given) => {
      const parts = await stackOf(given).status();
      if (parts.length === 0) say(`No stack is up in ${given.data}.`);
      show(parts, given);
      finish(parts.length > 0 && parts.every(({ state }) => state === "up") ? EXIT.good : EXIT.missing);
    },
  );

  part(stack, "down", "stop all of it; the data stays in the folder").action(async (given: Given) => {
    const stopped = await stackOf(given).down();
    say(stopped === 0 ? "The stack was down already." : `The stack is down; ${stopped} parts were stopped.`);
  });

  if (hasModule(PINNED_PROMETHEUS.module)) addInstall(stack);
}

/** In a clone of the repository alone: the package has no module of Prometheus. */
function addInstall(stack: Command): void {
  stack
    .command("install")
    .summary("build Prometheus 3 with Go, and print the paths")
    .description(
      "Builds the version of docker-compose.yml from the Go module that pins it, into the cache: minutes of work. " +
        "The stack takes what is on PATH first.",
    )
    .addArgument(new Argument("<program>", "what to build").choices(["prometheus"]))
    .action(async () => {
      for (const path of await installPrometheus(say)) process.stdout.write(`${path}\n`);
    });
}

function part(stack: Command, name: string, summary: string): Command {
  const data = new Option("--data <dir>", "the stack's folder: data, logs, process ids");
  const command = stack
    .command(name)
    .summary(summary)
    .description(`${summary[0]!.toUpperCase()}${summary.slice(1)}.`);
  command.addOption(data.env("HOTSHARD_STACK_DATA").default("hotshard-stack"));
  return name === "down" ? command : command.option("--json", "print the parts as JSON on stdout");
}

function option(name: string, meaning: string): Option {
  return new Option(`--${name} <number>`, meaning).env(`HOTSHARD_${name.replaceAll("-", "_").toUpperCase()}`);
}

function stackOf({ data }: Given): Stack {
  return createStack(resolve(data), say);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function show(parts: readonly PartStatus[], { json }: Given): void {
  if (json === true) process.stdout.write(`${JSON.stringify(parts)}\n`);
  else process.stdout.write(parts.map(row).join(""));
}

function row({ name, state, pid, address, version }: PartStatus): string {
  const cells = [name.padEnd(11), state.padEnd(9), String(pid ?? "–").padStart(8), address.padEnd(24), version ?? "–"];
  return `${cells.join("  ")}\n`;
}

function wishesOf(given: Given): PortWishes {
  const faults: string[] = [];
  const read = (name: keyof typeof PORTS, text: string | undefined): number | null => {
    if (text === undefined) return null;
    if (/^\d{1,5}$/u.test(text) && Number(text) <= 65_535) return Number(text);
    faults.push(`--${name} ${text}: an integer from 0 to 65535`);
    return null;
  };
  const wishes = {
    server: read("port", given.port),
    prometheus: read("prometheus-port", given.prometheusPort),
    loki: read("loki-port", given.lokiPort),
    mariadb: read("mariadb-port", given.mariadbPort),
  };
  if (faults.length > 0) throw new ConfigError("BAD_PORT", faults.join("; "));
  return wishes;
}
