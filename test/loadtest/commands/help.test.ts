import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import type { Command } from "commander";
import { createProgram } from "../../../loadtest/cli.ts";

const WIDTH = 80;
const SERVER = join(import.meta.dirname, "../../../server/main.ts");

/** Every command with the words that call it; `help` and what hands its options on aside. */
function commands(command: Command, path: readonly string[] = []): [readonly string[], Command][] {
  const children = command.commands.flatMap((child) => commands(child, [...path, child.name()]));
  return path.join() === "serve" ? [] : [[path, command], ...children];
}

function helpOf(command: Command): string {
  let text = "";
  const configured = command.configureOutput();
  command.configureOutput({ ...configured, writeOut: (more) => (text += more) });
  command.outputHelp();
  return text;
}

/** The examples of a help text, a line each. */
function examplesIn(help: string): string[] {
  const [, examples = ""] = /\nExamples?:\n((?: {2}.*\n?)+)/u.exec(help) ?? [];
  return examples
    .replaceAll(/ \\\n +/gu, " ")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.startsWith("hotshard "));
}

const all = commands(createProgram(() => {}));

test("the help of every command says what it does, fits 80 columns, and has examples", () => {
  assert.ok(all.length > 20);
  for (const [path, command] of all) {
    const help = helpOf(command);
    const name = path.join(" ") || "hotshard";
    for (const line of help.split("\n")) assert.ok(line.length <= WIDTH, `${name}: ${line}`);
    assert.match(help, /^Usage: hotshard[^\n]*\n\n[A-Z][^]*\.\n/u, name);
    assert.ok(examplesIn(help).length > 0, `${name} has no example`);
  }
  const { stdout } = spawnSync(process.execPath, [SERVER, "--help"], { encoding: "utf8" });
  for (const line of stdout.split("\n")) assert.ok(line.length <= WIDTH, `serve: ${line}`);
});

/** Options of `run` that a command hands on. */
function passedOn(command: Command): Command["options"] {
  const run = all.find(([path]) => path.join(" ") === "run")![1];
  return command.name() === "capacity" ? run.options : [];
}

test("the options in examples exist", () => {
  for (const [path, command] of all) {
    for (const example of examplesIn(helpOf(command))) {
      const words = example.split(" ").slice(1);
      if (words[0] === "serve") continue;
      const [, called] = all
        .filter(([words_]) => words_.length > 0 && words_.every((word, i) => word === words[i]))
        .reduce((longest, one) => (one[0].length > longest[0].length ? one : longest), [
          [],
          command,
        ] as (typeof all)[number]);
      const unquoted = example.replaceAll(/'[^']*'/gu, "");
      for (const [flag] of unquoted.matchAll(/--[a-z][a-z-]*/gu)) {
        assert.ok(
          [...called.options, ...passedOn(called)].some(({ long }) => long === flag),
          `${path.join(" ")}: ${example}: ${flag}`,
        );
      }
    }
  }
});
