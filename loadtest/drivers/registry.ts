import { ConfigError } from "../../server/config-error.ts";
import type { Driver } from "./contract.ts";
import { createK6Driver } from "./k6/host/driver.ts";
import { MissingProgramError } from "./missing-program.ts";
import { createNodeDriver } from "./node/driver.ts";

/** Every driver, the preferred one first. */
export const DRIVERS: readonly Driver[] = [createK6Driver(), createNodeDriver()];

/**
 * @param name of a driver, or `auto`: all, in the order in which they are tried
 * @throws {ConfigError} NO_SUCH_DRIVER
 */
export function driversNamed(name: string): readonly Driver[] {
  const named = DRIVERS.filter((driver) => name === "auto" || driver.name === name);
  if (named.length > 0) return named;
  const names = ["auto", ...DRIVERS.map((driver) => driver.name)].join(", ");
  throw new ConfigError("NO_SUCH_DRIVER", `--driver ${name}: there are ${names}`);
}

/**
 * @param name as `driversNamed`
 * @returns the first that can run here
 * @throws {ConfigError} NO_SUCH_DRIVER
 * @throws {MissingProgramError} DRIVER_UNAVAILABLE with the reason and the remedy
 */
export async function chooseDriver(name: string): Promise<Driver> {
  const reasons: string[] = [];
  for (const driver of driversNamed(name)) {
    const reason = await driver.unavailable();
    if (reason === null) return driver;
    reasons.push(`${driver.name}: ${reason}`);
  }
  throw new MissingProgramError("DRIVER_UNAVAILABLE", reasons.join(" "));
}
