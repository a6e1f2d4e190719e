import type { Command, Option } from "commander";

/** Help is read in terminals of this width, and in pages that quote it. */
const WIDTH = 80;

/** Of commands whose own files say none: words after `hotshard`, by the command's path. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  demo: ["demo", "demo --driver k6 --out runs/demo"],
  run: [
    "run lady-gaga --hot-share 0.4 --rate 1000 --shards 4",
    "run zipf --zipf 1.1 --shards 8 --placement ring:virtualNodes=50 --open",
    "run random --url ws://127.0.0.1:8086/chat --fail-on 'delivery.p99<50ms' --fail-on 'skew.maxOverMean<1.3'",
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
  command.configureOutput({ writeOut: (text) => process.stdout.write(wrapHelp(text)) });
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

/**
 * Breaks long lines at spaces: a command with a backslash, so that it can still be pasted; text under its own start.
 */
export function wrapHelp(text: string, width = WIDTH): string {
  return text
    .split("\n")
    .flatMap((line) => wrapLine(line, width))
    .join("\n");
}

function wrapLine(line: string, width: number): string[] {
  if (line.length <= width) return [line];
  const isCommand = /^ +hotshard /u.test(line);
  const [indent = ""] = /^ */u.exec(line) ?? [];
  // Text of a table goes on under its second column.
  const [column = ""] = isCommand ? [] : (/^ +\S+(?: \S+)* {2,}/u.exec(line) ?? []);
  const hanging = isCommand ? `${indent}  ` : " ".repeat(Math.max(indent.length, column.length));
  const room = isCommand ? width - 2 : width;
  const lines: string[] = [];
  let rest = line;
  while (rest.length > width) {
    const at = lastBreak(rest, room, hanging.length, isCommand);
    if (at < 0) break;
    lines.push(rest.slice(0, at) + (isCommand ? " \\" : ""));
    rest = hanging + rest.slice(at).trimStart();
  }
  return [...lines, rest];
}

/**
 * The last space before `room` that leaves something on the line; of a command none in quotes, and rather one before an
 * option than one before its value. −1 when there is none.
 */
function lastBreak(line: string, room: number, least: number, isCommand: boolean): number {
  let quoted = false;
  let found = -1;
  let beforeOption = -1;
  for (let i = 0; i <= room && i < line.length; i += 1) {
    const letter = line[i];
    if (letter === "'" && isCommand) quoted = !quoted;
    if (letter !== " " || quoted || i <= least) continue;
    found = i;
    if (line.startsWith("--", i + 1)) beforeOption = i;
  }
  return isCommand && beforeOption > 0 ? beforeOption : found;
}
