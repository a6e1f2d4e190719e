import type { Driver } from "./contract.ts";
import { createNodeDriver } from "./node.ts";

/** Every driver, the preferred one first. */
export const DRIVERS: readonly Driver[] = [createNodeDriver()];
