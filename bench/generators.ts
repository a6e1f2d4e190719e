import type { Driver } from "../loadtest/drivers/contract.ts";
import type { Measurement } from "../loadtest/measurement/measurement.ts";
import { quantileOf } from "../loadtest/measurement/histogram.ts";
import { driveRandom } from "./drive-random.ts";
import type { Subject } from "./subject.ts";

export interface GeneratorRow {
  readonly driver: string;
  /** Messages per second asked for and acknowledged. */
  readonly asked: number;
  readonly acked: number;
  readonly sendLagP99Ms: number;
  /** Of the generator, per message sent, acknowledged, received and checked; microseconds. */
  readonly cpuMicros: number;
}

const SECONDS = 6;
const WARM_UP = 2;

/** One generator at one rate against a server without stores, on the same cores. */
export async function measureGenerator(driver: Driver, subject: Subject, rate: number): Promise<GeneratorRow> {
  const dials = { rate: String(rate), duration: `${SECONDS}s`, warmup: `${WARM_UP}s`, users: "200" };
  const measurement = await driveRandom(driver, subject, dials);
  return rowOf(driver.name, rate, measurement);
}

function rowOf(driver: string, asked: number, { generator, sent, shards }: Measurement): GeneratorRow {
  const seconds = SECONDS + WARM_UP;
  const acked = Object.values(shards).reduce((sum, shard) => sum + shard.acked, 0);
  return {
    driver,
    asked,
    acked: acked / seconds,
    sendLagP99Ms: quantileOf(generator.sendLag, 0.99),
    cpuMicros: (1e6 * generator.cpu * seconds) / sent,
  };
}
