import { setTimeout } from "node:timers/promises";
import type { Command } from "commander";
import { ConfigError } from "../../server/config-error.ts";
import type { MoveStatus } from "../../server/protocol/shards.ts";
import { EXIT } from "../run/exit-code.ts";
import type { ShardsClient } from "../run/shards-client.ts";
import { onInterrupt } from "./interrupt.ts";
import { progressBar } from "./progress-bar.ts";
import { clientOf, print, type ShardsOptions } from "./shards-command.ts";
import { forecastText, movedText } from "./shards-output.ts";

interface RebalanceOptions extends ShardsOptions {
  readonly dryRun?: boolean;
  readonly throttle: boolean;
  readonly stop?: boolean;
}

/** Between two looks at how far it is, ms. */
const LOOK_MS = 500;

/** `hotshard shards rebalance`: the server does it; this command begins it and watches. */
export function addRebalance(command: Command, finish: (code: number) => void): void {
  command
    .description(
      "Moves older messages to where the newest placement puts them, verifies each chunk on both sides, and then " +
        "removes them where they were. It slows down for the sake of messages. It goes on in the server when " +
        "this command ends, and from where it was when it is begun again.",
    )
    .option("--dry-run", "forecast it, and move nothing")
    .option("--no-throttle", "as fast as it goes, whatever that does to latency")
    .option("--stop", "end one that is under way; begun again it goes on from there")
    .action(async (options: RebalanceOptions) => {
      const client = clientOf(options);
      if (options.stop === true) {
        const status = await client.stopRebalance();
        print(options, status, () => "The rebalance ends after the chunk that is under way.\n");
      } else if (options.dryRun === true) {
        const reply = await client.rebalance({ dryRun: true });
        print(options, reply, () => forecastText(reply.forecast, process.stdout));
      } else await run(client, options, finish);
    });
}

async function run(client: ShardsClient, options: RebalanceOptions, finish: (code: number) => void): Promise<void> {
  const before = (await client.moves()).last?.at ?? 0;
  try {
    await client.rebalance({ throttle: options.throttle });
  } catch (error) {
    // One that is under way is watched.
    if (!(error instanceof ConfigError) || error.code !== "MOVING") throw error;
  }
  const interrupted = onInterrupt();
  const status = await watch(client, before, interrupted);
  if (status === null) {
    process.stderr.write("It goes on in the server: `hotshard shards rebalance` watches it, --stop ends it.\n");
    return finish(EXIT.interrupted);
  }
  const { error, moved } = status.last!;
  if (error !== undefined) throw new ConfigError(error.code, error.message);
  print(options, status, () => movedText(moved!, process.stdout));
  if (moved!.kept > 0) finish(EXIT.failed);
}

/** @param before when the last one ended. @returns null when it was interrupted */
async function watch(client: ShardsClient, before: number, interrupted: AbortSignal): Promise<MoveStatus | null> {
  const bar = progressBar(process.stderr);
  try {
    for (;;) {
      if (interrupted.aborted) return null;
      const status = await client.moves();
      if (hasEnded(status, before)) return status;
      if (status.work !== null) {
        const { of, phase, rowsPerS, remainingS, seen } = status.work;
        bar.show({ what: phase === "copy" ? "copying" : "removing", seen, of, perS: rowsPerS, remainingS });
      }
      await setTimeout(LOOK_MS, null, { signal: interrupted }).catch(() => null);
    }
  } finally {
    bar.end();
  }
}

function hasEnded({ last, work }: MoveStatus, before: number): boolean {
  return work === null && last !== null && last.at > before;
}
