import { setTimeout } from "node:timers/promises";
import type { Command } from "commander";
import { ConfigError } from "../../server/config-error.ts";
import type { MoveStatus, MoveWork } from "../../server/protocol/shards.ts";
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
  const bar = progressBar(process.stderr);
  const interrupted = onInterrupt();
  const status = await rebalance(client, options.throttle, interrupted, (work) => {
    const { of, phase, rowsPerS, remainingS, seen } = work;
    bar.show({ what: phase === "copy" ? "copying" : "removing", seen, of, perS: rowsPerS, remainingS });
  }).finally(() => bar.end());
  if (status === null) {
    process.stderr.write("It goes on in the server: `hotshard shards rebalance` watches it, --stop ends it.\n");
    return finish(EXIT.interrupted);
  }
  const { error, moved } = status.last!;
  if (error !== undefined) throw new ConfigError(error.code, error.message);
  print(options, status, () => movedText(moved!, process.stdout));
  if (moved!.kept > 0) finish(EXIT.failed);
}

/**
 * Begins a rebalance and waits for its end. Where another server is at one, it waits for that, and then begins: that
 * server may have died at it, and its end is told by itself alone.
 *
 * @param show told how far it is
 * @param lookMs between two looks
 * @returns `last` says how it ended; null when it was interrupted
 */
export async function rebalance(
  client: Pick<ShardsClient, "moves" | "rebalance">,
  throttle: boolean,
  interrupted: AbortSignal,
  show: (work: MoveWork) => void,
  lookMs = LOOK_MS,
): Promise<MoveStatus | null> {
  const before = (await client.moves()).last?.at ?? 0;
  for (;;) {
    const isBegun = await begin(client, throttle);
    for (;;) {
      if (interrupted.aborted) return null;
      const status = await client.moves();
      const { last, work } = status;
      const isLate = last?.error?.code === "WORK_UNDER_WAY";
      if (work?.active === true) show(work);
      else if (last !== null && last.at > before && !isLate) return status;
      await setTimeout(lookMs, null, { signal: interrupted }).catch(() => null);
      if (work?.active !== true && (!isBegun || isLate)) break;
    }
  }
}

/** @returns false when one is under way already */
async function begin(client: Pick<ShardsClient, "rebalance">, throttle: boolean): Promise<boolean> {
  try {
    await client.rebalance({ throttle });
    return true;
  } catch (error) {
    if (error instanceof ConfigError && error.code === "MOVING") return false;
    throw error;
  }
}
