import { Option, type Command } from "commander";
import { httpBase } from "../drivers/chat-address.ts";
import { playDemo, type DemoAct } from "../experiments/demo/demo.ts";
import { demoTable } from "../experiments/demo/table.ts";
import { chooseDriver } from "../drivers/registry.ts";
import { EXIT, exitCodeOf } from "../run/exit-code.ts";
import { onInterrupt } from "./interrupt.ts";
import { createLiveView, type LiveView } from "../run/live-view.ts";
import { headline } from "../report/words/run.ts";
import { wrap } from "../report/render/terminal.ts";
import { freshFolder } from "../run/folders.ts";
import { sharedSecret } from "../run/secret.ts";

const TITLES: Readonly<Record<number, string>> = {
  1: "People write to each other at random; each shard is one point on a hash ring, as many systems start.",
  2: "The same traffic on a good placement: 4,096 slots.",
  3: "One dialog gets 40 % of the messages. The hash is perfect, and one shard burns.",
  4: "The same traffic after following the advice of act 3.",
  5: "Random traffic; a shard is lost in the middle and comes back, then a fifth one is added.",
};

/** `hotshard demo`: the story in one command. */
export function addDemo(program: Command, finish: (code: number) => void): void {
  program
    .command("demo")
    .summary("the story in one command: random and hot traffic side by side")
    .addOption(new Option("--driver <name>", "node (needs nothing), k6 or auto").env("HOTSHARD_DRIVER").default("node"))
    .option("--out <dir>", "folder for the reports")
    .action(async (given: { driver: string; out?: string }) => finish(await demo(given)));
}

/** Broken at spaces, so that a narrow terminal does not break words. */
function say(text: string): void {
  process.stderr.write(`${wrap(text, process.stderr.columns ?? 120)}\n`);
}

async function demo(given: { driver: string; out?: string }): Promise<number> {
  const out = given.out ?? (await freshFolder("runs", "demo", new Date()));
  const signal = onInterrupt();
  let line: LiveView | undefined;
  say("Five acts on four shards that are shaped to take 500 rows a second each; about 20 s an act.");
  say("");
  const played = await playDemo({
    driver: await chooseDriver(given.driver),
    secret: sharedSecret(process.env),
    out,
    signal,
    onAct(act: DemoAct) {
      say(`Act ${act.number}  ${TITLES[act.number]}`);
      line = createLiveView(`act ${act.number}`, process.stderr);
    },
    onServer: (_act, url) => say(`live page while it runs: ${httpBase(url)}/`),
    onProgress: (_act, progress) => line?.show(progress),
    onResult(act, result, again) {
      line?.end();
      const { maxOverMean, effectiveShards } = result.skew;
      const used = `${effectiveShards.toFixed(1)} of ${result.shards.length} shards used`;
      say(`fullest shard ${maxOverMean.toFixed(2)} times its fair share, ${used}, ${result.verdict.status}`);
      if (act.scenario === "shard-loss") say(headline(result));
      for (const reason of result.verdict.reasons) say(`${reason.code}: ${reason.message}`);
      if (again) say(`The machine was too busy to measure it: act ${act.number} is played again.`);
      say("");
    },
  }).finally(() => line?.end());
  process.stdout.write(demoTable(played, out));
  const codes = played.map(({ result }) => exitCodeOf(result));
  return signal.aborted ? EXIT.interrupted : (codes.find((code) => code !== EXIT.good) ?? EXIT.good);
}
