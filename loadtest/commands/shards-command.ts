import type { Command } from "commander";
import { sharedSecret } from "../run/secret.ts";
import { createShardsClient, type ShardsClient } from "../run/shards-client.ts";

/** Options of every command of `hotshard shards`. */
export interface ShardsOptions {
  readonly url: string;
  readonly json?: boolean;
}

/** A command with what all of them take. */
export function subcommand(shards: Command, words: string, summary: string, example: string, more = ""): Command {
  return shards
    .command(words)
    .summary(summary)
    .description(`${summary[0]!.toUpperCase()}${summary.slice(1)}.${more === "" ? "" : ` ${more}`}`)
    .option("--url <url>", "chat of the running server", process.env["HOTSHARD_URL"] ?? "ws://127.0.0.1:8086/chat")
    .option("--json", "print the server's answer as JSON on stdout")
    .addHelpText("after", examples(example));
}

export function examples(...words: readonly string[]): string {
  const heading = words.length === 1 ? "Example" : "Examples";
  return `\n${heading}:\n${words.map((one) => `  hotshard shards ${one}`).join("\n")}`;
}

/** @throws {ConfigError} BAD_URL */
export function clientOf({ url }: ShardsOptions): ShardsClient {
  return createShardsClient(url, sharedSecret(process.env));
}

/** Scripts get the answer as it is. */
export function print({ json }: ShardsOptions, reply: unknown, text: () => string): void {
  process.stdout.write(json === true ? `${JSON.stringify(reply)}\n` : text());
}
