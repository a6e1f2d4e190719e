import type { Driver } from "./contract.ts";

/** Messages per second that one process made on two cores without lagging too far (docs/performance.md). */
const MEASURED: Readonly<Record<Driver["name"], number>> = { node: 25_000, k6: 5_000 };

/**
 * What to expect of a rate beyond what a driver has been seen to make. The run goes on: the verdict says what came of
 * it.
 *
 * @param rate messages per second at the peak; null: it is a result
 * @param generators processes that share it
 * @returns a line for people, or null when the rate is within reach
 */
export function rateWarning(driver: Driver["name"], rate: number | null, generators: number): string | null {
  const most = MEASURED[driver];
  if (rate === null || rate <= most * generators) return null;
  const enough = Math.ceil(rate / most);
  const remedy = driver === "k6" ? `--driver node, or --generators ${enough}` : `--generators ${enough}`;
  return (
    `RATE_HIGH: ${rate} messages a second are more than ` +
    `${generators === 1 ? "one process" : `${generators} processes`} of the ${driver} driver made when it was ` +
    `measured (${most} each, on two cores): the run may be INVALID. Try ${remedy}, with as many cores, or a ` +
    "lower --rate."
  );
}
