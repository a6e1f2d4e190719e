import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startChild } from "../system/child.ts";
import { EXIT } from "../run/exit-code.ts";

/** An interrupted run waits for late answers, asks the databases and writes its pages. */
const STOP_MS = 300_000;

/** What became of one `hotshard run`. */
export interface ChildRun {
  readonly code: number;
  /** The last line that it said, for a run that failed. */
  readonly words: string;
}

/** `bin/hotshard.js`, of a clone or of the package. */
function program(): string {
  const inClone = fileURLToPath(new URL("../../bin/hotshard.js", import.meta.url));
  return existsSync(inClone) ? inClone : fileURLToPath(new URL("../../../bin/hotshard.js", import.meta.url));
}

/**
 * `hotshard run` as a process of its own: no run inherits the heap and the compiled code of the one before it. An abort
 * ends it early, and it still writes what it measured.
 *
 * @param words as typed after `hotshard run`, without --out
 * @param out folder of the run
 */
export async function childRun(words: readonly string[], out: string, signal?: AbortSignal): Promise<ChildRun> {
  // In a process group of its own, so that Ctrl-C reaches it once, from here.
  const child = startChild(process.execPath, [program(), "run", ...words, "--out", out], {
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
    ask: "SIGINT",
    patienceMs: STOP_MS,
  });
  const stop = () => void child.end();
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted === true) stop();
  const { code } = await child.closed;
  signal?.removeEventListener("abort", stop);
  const lines = child.said().trim().split("\n");
  const last = lines.findLast((line) => line.startsWith("hotshard: ")) ?? lines.at(-1) ?? "";
  return { code: code ?? EXIT.internal, words: last };
}

/** What is wrong with the words of a run, found without running it; null when nothing is. */
export async function faultOfRun(words: readonly string[]): Promise<string | null> {
  const { code, words: said } = await childRun([...words, "--check"], "");
  return code === EXIT.good ? null : said.replace(/^hotshard: [A-Z_0-9]+: /u, "");
}

/**
 * Splits a command line as a shell does, as far as quotes and backslashes go.
 *
 * @returns null when a quote is not closed
 */
export function splitWords(line: string): string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let quote = "";
  for (let i = 0; i < line.length; i += 1) {
    const letter = line[i]!;
    if (quote !== "") {
      if (letter === quote) quote = "";
      else if (letter === "\\" && quote === '"' && i + 1 < line.length) word += line[(i += 1)]!;
      else word += letter;
    } else if (letter === "'" || letter === '"') {
      quote = letter;
      word ??= "";
    } else if (letter === "\\" && i + 1 < line.length) {
      word = (word ?? "") + line[(i += 1)]!;
    } else if (/\s/u.test(letter)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word = (word ?? "") + letter;
    }
  }
  if (word !== null) words.push(word);
  return quote === "" ? words : null;
}
