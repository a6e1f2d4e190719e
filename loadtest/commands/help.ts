import type { Command, Option } from "commander";

/** Help is read in terminals of this width, and in pages that quote it. */
const WIDTH = 80;

/** Of commands whose own files say none: words after `hotshard`, by the command's path. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  demo: ["demo", "demo --driver k6 --out runs/demo"],
  run: [
    "run lady-gaga --hot-share 0.4 --rate 1000 --shards 4",
    "run zipf --shards 8 --placement ring:virtualNodes=50 --open",
    "run random --url ws://127.0.0.1:8086/chat \\\n    --fail-on 'delivery.p99<50ms' --fail-on 'skew.maxOverMean<1.3'",
  ],
  stack: ["stack up", "stack status --json", "stack down"],
  "stack up": ["stack up --port 0 --prometheus-port 0 --mariadb-port 0", "stack up --data /var/tmp/chat"],
  "stack status": ["stack status", "stack status --json"],
  "stack down": ["stack down", "stack down --data /var/tmp/chat"],
  "stack install": ["stack install prometheus"],
  token: ["token 7", "token 1 --admin"],
  k6: ["k6 install"],
  "k6 install": ["k6 install"],
  doctor: ["doctor"],
  scenarios: ["scenarios"],
};

/** Gives every command a description, examples, and lines that fit. Call it when all commands are there. */
export function dressHelp(program: Command): void {
  dress(program, "");
}

function dress(command: Command, path: string): void {
  if (command.description() === "") command.description(sentence(command.summary()));
  const examples = EXAMPLES[path];
  if (examples !== undefined) command.addHelpText("after", examplesText(examples));
  command.configureHelp({ helpWidth: WIDTH, ...(path === "run" && { optionDescription: withoutVariable }) });
  for (const child of command.commands) dress(child, `${path} ${child.name()}`.trim());
}

/** Every option of `run` has an environment variable: one sentence below them says so. */
function withoutVariable({ description, defaultValue }: Option): string {
  return typeof defaultValue === "string" ? `${description} (default: ${defaultValue})` : description;
}

function sentence(words: string): string {
  return words === "" ? "" : `${words[0]!.toUpperCase()}${words.slice(1)}.`;
}

function examplesText(examples: readonly string[]): string {
  const heading = examples.length === 1 ? "Example" : "Examples";
  return `\n${heading}:\n${examples.map((words) => `  hotshard ${words}`).join("\n")}`;
}
