import { ConfigError } from "../../server/config-error.ts";
import { MAX_LANES } from "../traffic/lanes.ts";
import type { Driver } from "./contract.ts";

/** What a run may add to its driver. */
export interface Equipment {
  /** Processes that share the schedule out. */
  readonly generators: number;
  /** Where generators write their series by remote write; null: nowhere. */
  readonly prometheus: string | null;
}

/**
 * @param given `--generators`, a whole number from 1 to 16, and `--prometheus`, the address of a Prometheus
 * @throws {ConfigError} BAD_GENERATORS, BAD_PROMETHEUS
 */
export function readEquipment(given: Readonly<{ generators?: string; prometheus?: string }>): Equipment {
  const generators = Number(given.generators ?? 1);
  if (!(Number.isInteger(generators) && generators >= 1 && generators <= MAX_LANES)) {
    const why = `a schedule has at most ${MAX_LANES} parts`;
    throw new ConfigError(
      "BAD_GENERATORS",
      `--generators ${given.generators}: a whole number from 1 to ${MAX_LANES} (${why})`,
    );
  }
  return { generators, prometheus: given.prometheus === undefined ? null : writeAddress(given.prometheus) };
}

/** `http://host:9090` stands for its `/api/v1/write`. */
function writeAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/u.test(url.protocol)) {
    throw new ConfigError("BAD_PROMETHEUS", `--prometheus ${text}: an address like http://127.0.0.1:9090 is expected`);
  }
  if (url.pathname === "/") url.pathname = "/api/v1/write";
  return url.href;
}

/** The driver with what every order of the run has in common. */
export function equip(driver: Driver, { generators, prometheus }: Equipment): Driver {
  return {
    ...driver,
    drive: (order) => driver.drive({ ...order, generators, ...(prometheus !== null && { prometheus }) }),
  };
}
