import type { Command } from "commander";
import { ConfigError } from "../../server/config-error.ts";
import { runDoctor } from "../../tools/stack/doctor.ts";
import { installK6 } from "../../tools/stack/k6-install.ts";
import { createToken } from "../drivers/token.ts";
import { sharedSecret } from "../run/secret.ts";
import { isDerived } from "../traffic/dial.ts";
import type { Scenario } from "../traffic/scenario.ts";
import { KNOWN_SCENARIOS } from "../traffic/stories/known-scenarios.ts";

/** The small commands around a run: token, k6 install, doctor, scenarios. */
export function addTools(program: Command, finish: (code: number) => void): void {
  program
    .command("token")
    .summary("print a bearer token for USER, signed with the server's secret")
    .argument("<user>", "user id, 1 to 2^53 − 1")
    .option("--admin", "with the right to audit")
    .action((user: string, { admin }: { admin?: boolean }) => {
      if (!/^[1-9]\d{0,15}$/u.test(user) || !Number.isSafeInteger(Number(user))) {
        throw new ConfigError("BAD_USER", `"${user}" is not a user id: a whole number from 1 to 2^53 - 1`);
      }
      const token = createToken(sharedSecret(process.env), Number(user), admin === true ? "admin" : undefined);
      process.stdout.write(`${token}\n`);
    });

  program
    .command("k6")
    .summary("k6, the generator")
    .command("install")
    .summary("bring the pinned k6 to the cache and print its path")
    .action(async () => {
      const path = await installK6({ onProgress: (line) => process.stderr.write(`${line}\n`) });
      process.stdout.write(`${path}\n`);
    });

  program
    .command("doctor")
    .summary("what is here, what is missing, and the command that brings each")
    .action(async () => finish(await runDoctor(process.stdout)));

  program
    .command("scenarios")
    .summary("the traffic stories with their dials and defaults")
    .action(() => {
      process.stdout.write(KNOWN_SCENARIOS.map(describeScenario).join("\n"));
    });
}

function describeScenario(scenario: Scenario): string {
  const rows = Object.values(scenario.dials).map((dial) => {
    if (isDerived(dial)) return "";
    const value = dial.kind === "duration" ? `${dial.default}s` : String(dial.default);
    return `  --${dial.option.padEnd(15)} ${value.padEnd(8)} ${dial.meaning}\n`;
  });
  return `${scenario.name}: ${scenario.story}\n${rows.join("")}`;
}
