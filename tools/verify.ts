import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { findK6 } from "../loadtest/drivers/k6/host/binary.ts";
import { installK6 } from "./stack/k6-install.ts";
import { MissingProgramError } from "../loadtest/drivers/missing-program.ts";
import { CHROMIUM, findProgram, MARIADB, PROMETHEUS, PROMTOOL } from "./stack/programs.ts";
import { findCompose } from "./find-compose.ts";

/**
 * `npm run verify`: brings what the tests need and is missing (as root on Debian; elsewhere it says the command),
 * then runs every check and every test, where a skipped test is a failure.
 */
const started = Date.now();

/** Package names where they differ from Debian's. */
const BREW = "brew install mariadb prometheus docker-compose && brew install --cask chromium";
const DEBIAN_PACKAGES = {
  mariadb: "mariadb-server",
  chromium: "chromium",
  prometheus: "prometheus",
  // Checks the compose file; needs no docker for that.
  compose: "docker-compose",
} as const;
/** Debian asks this file whether a package may start its service; 101 means no. */
const INTERRUPTED = 130;
const POLICY = "/usr/sbin/policy-rc.d";

try {
  await bringPackages();
  await bringK6();
  await step("npm run check");
  await step("npm test", { CI: "true" });
  say("everything passed");
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = error instanceof MissingProgramError ? 4 : 1;
}

async function bringPackages(): Promise<void> {
  const missing: (keyof typeof DEBIAN_PACKAGES)[] = [];
  if (!process.env["HOTSHARD_TEST_MYSQL"] && (await findProgram(MARIADB)) === null) missing.push("mariadb");
  if ((await findProgram(CHROMIUM)) === null) missing.push("chromium");
  // One package has both.
  if ((await findProgram(PROMETHEUS)) === null || (await findProgram(PROMTOOL)) === null) missing.push("prometheus");
  if (findCompose() === null) missing.push("compose");
  if (missing.length === 0) {
    say("MariaDB, Chromium, Prometheus and docker compose are here");
    return;
  }
  const packages = missing.map((name) => DEBIAN_PACKAGES[name]).join(" ");
  const command = `apt-get install -y --no-install-recommends ${packages}`;
  if (process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) {
    const remedy = process.platform === "darwin" ? BREW : `sudo ${command}`;
    throw new MissingProgramError("PROGRAM_MISSING", `missing: ${missing.join(", ")}. Install with: ${remedy}`);
  }
  say(`missing: ${missing.join(", ")}; bringing ${packages} by apt-get`);
  await withoutServices(async () => {
    await step("apt-get update -q", { DEBIAN_FRONTEND: "noninteractive" });
    await step(`${command} -q`, { DEBIAN_FRONTEND: "noninteractive" });
  });
}

const leave = (): void => process.exit(INTERRUPTED);

/** The tests start servers of their own: the package's system service would only hold memory. */
async function withoutServices(work: () => Promise<void>): Promise<void> {
  if (existsSync(POLICY)) return work();
  const restore = () => rmSync(POLICY, { force: true });
  // Left behind it would keep every later package's service from starting.
  process.once("exit", restore).once("SIGINT", leave).once("SIGTERM", leave);
  try {
    await writeFile(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
    await work();
  } finally {
    restore();
    process.off("exit", restore).off("SIGINT", leave).off("SIGTERM", leave);
  }
}

async function bringK6(): Promise<void> {
  const found = await findK6();
  if (found === null) say("k6 is missing; bringing it (`hotshard k6 install`)");
  say(`k6: ${found ?? (await installK6({ onProgress: say }))}`);
}

/** Runs one command line, its output going where this process's goes. @throws when it fails */
async function step(command: string, extra: Readonly<Record<string, string>> = {}): Promise<void> {
  say(command);
  const [program = "", ...args] = command.split(" ");
  const child = spawn(program, args, {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...extra },
    // npm is a batch file there.
    shell: process.platform === "win32",
  });
  const [code, signal] = await once(child, "exit");
  if (code !== 0) throw new Error(`${command} failed (${signal ?? `exit ${code}`})`);
}

function say(line: string): void {
  process.stderr.write(`verify: ${((Date.now() - started) / 1_000).toFixed(0).padStart(4)} s  ${line}\n`);
}
