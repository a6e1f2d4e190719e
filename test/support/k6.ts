import { findK6 as findInstalled } from "../../loadtest/drivers/k6/host/binary.ts";

const path = await findInstalled();

/** @returns the k6 that tests run: HOTSHARD_K6, the installed one, or the first on PATH; null when there is none */
export function findK6(): string | null {
  return path;
}

/** For the `skip` of a test that needs k6: the reason, or false. With CI=true the test runs, and fails without k6. */
export const skipWithoutK6: string | false =
  path === null && process.env["CI"] !== "true" ? "no k6 v2: run `npx hotshard k6 install`" : false;
