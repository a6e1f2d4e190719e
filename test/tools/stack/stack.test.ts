import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, describe, test } from "node:test";
import { findProgram, LOKI, PROMETHEUS } from "../../../tools/stack/programs.ts";
import { EXIT } from "../../../loadtest/run/exit-code.ts";
import type { Result } from "../../../loadtest/analysis/result/result.ts";
import type { PartStatus } from "../../../tools/stack/contract.ts";
import { endProcess, isRunning, type ProcessId } from "../../../tools/stack/process.ts";
import { MARIADB_REMEDY } from "../../support/mariadb.ts";
import { assertMeasured } from "../../support/measured.ts";
import { need } from "../../support/need.ts";

const HOTSHARD = join(import.meta.dirname, "../../../bin/hotshard.js");
const DATABASES = ["mariadb-00", "mariadb-01", "mariadb-02", "mariadb-03"];

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function hotshard(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("HOTSHARD_"));
  const child = spawn(process.execPath, [HOTSHARD, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...Object.fromEntries(own), ...env },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
  child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

function byName(json: string): Map<string, PartStatus> {
  return new Map((JSON.parse(json) as PartStatus[]).map((part) => [part.name, part]));
}

/** Turns a hang into a failure: far above what anything takes on a busy machine. */
const HANG_MS = 120_000;

async function until<T>(ask: () => Promise<T | null>, what: string): Promise<T> {
  const deadline = Date.now() + HANG_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    assert.ok(Date.now() < deadline, what);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const mariadb = (await findProgram(["mariadbd"])) ?? process.env["HOTSHARD_TEST_MYSQL"];
const skip =
  need("mariadbd", mariadb, MARIADB_REMEDY) ||
  need("prometheus", await findProgram(PROMETHEUS), "install prometheus (Debian: apt-get install prometheus)");

describe("hotshard stack", { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), "hotshard-stack-"));
  const ports = ["--port", "0", "--prometheus-port", "0", "--mariadb-port", "0", "--loki-port", "0"];
  const stack = (command: string, ...args: string[]) => hotshard(["stack", command, "--data", folder, ...args]);
  const up = async () => {
    const { code, stdout, stderr } = await stack("up", ...ports, "--json");
    assert.equal(code, 0, stderr);
    return { parts: byName(stdout), said: stderr };
  };
  const processes = () =>
    new Map(
      readdirSync(join(folder, "pids")).map((file) => [
        basename(file, ".json"),
        JSON.parse(readFileSync(join(folder, "pids", file), "utf8")) as ProcessId,
      ]),
    );

  after(async () => {
    // Whatever a failed test left.
    await Promise.all([...processes().values()].map((id) => endProcess(id, 10_000)));
    rmSync(folder, { recursive: true, force: true });
  });

  test("down and status before the first up are fine, and say so", async () => {
    assert.equal((await stack("down")).code, 0);
    const { code, stderr } = await stack("status");
    assert.equal(code, 4);
    assert.match(stderr, /No stack is up/u);
  });

  test("up starts every part; a run goes through it, and Prometheus sees the server", async (t) => {
    const { parts } = await up();
    const loki = (await findProgram(LOKI)) === null ? [] : ["loki"];
    assert.deepEqual([...parts.keys()], [...DATABASES, ...loki, "server", "prometheus"]);
    for (const { name, state, pid, version, address } of parts.values()) {
      assert.equal(state, "up", name);
      assert.ok(pid !== null && version !== null, name);
      assert.match(address, /^(?:http|mysql):\/\/127\.0\.0\.1:\d+$/u);
    }
    assert.equal(statSync(folder).mode & 0o077, 0, "others can look into the folder");

    const url = `${parts.get("server")!.address.replace("http", "ws")}/chat`;
    const dials = ["--rate", "200", "--duration", "1s", "--warmup", "200ms", "--users", "50", "--driver", "node"];
    const run = await hotshard(["run", "lady-gaga", ...dials, "--url", url, "--out", join(folder, "run"), "--json"]);
    assert.ok(run.code === EXIT.good || run.code === EXIT.invalid, run.stderr);
    const result = JSON.parse(run.stdout) as Result;
    assertMeasured(t, result);
    assert.deepEqual([result.server.engine, result.server.shards, result.audit.match], ["mysql", 4, true]);

    const prometheus = parts.get("prometheus")!.address;
    const value = await until(async () => {
      const query = new URLSearchParams({ query: "sum(up) == count(up) and sum(chat_messages_total) > 0" });
      const response = await fetch(`${prometheus}/api/v1/query?${query.toString()}`);
      const { data } = (await response.json()) as { data: { result: unknown[] } };
      return data.result.length > 0 ? data.result : null;
    }, "Prometheus does not see every target up and the messages counted");
    assert.equal(value.length, 1);
    const rules = await (await fetch(`${prometheus}/api/v1/rules`)).text();
    assert.match(rules, /chat:skew_max_over_mean:rate5m/u);
  });

  test("up again changes nothing; a part that died comes back where it was, and the others stay", async () => {
    const before = processes();
    const again = await up();
    assert.match(again.said, /was up already/u);
    assert.deepEqual(processes(), before);

    const killed = ["mariadb-02", "prometheus"];
    for (const name of killed) process.kill(before.get(name)!.pid, "SIGKILL");
    await until(async () => ((await anyRunning(killed.map((name) => before.get(name)!))) ? null : true), "not killed");
    const status = await stack("status", "--json");
    assert.equal(status.code, 4);
    const seen = byName(status.stdout);
    for (const name of killed) assert.equal(seen.get(name)!.state, "down", name);
    assert.equal(seen.get("mariadb-01")!.state, "up");

    const { parts } = await up();
    for (const [name, { state, pid, address }] of parts) {
      assert.equal(state, "up", name);
      assert.equal(address, again.parts.get(name)!.address, name);
      assert.equal(pid === before.get(name)!.pid, !killed.includes(name), name);
    }
  });

  test("a stack that is up refuses other ports, and tells which it has", async () => {
    const { code, stderr } = await stack("up", "--port", "1");
    assert.equal(code, 2);
    assert.match(stderr, /STACK_ELSEWHERE: .*--port 1 .*stack down/u);
  });

  test("down stops every part and keeps the data; down again is fine", async () => {
    const before = [...processes().values()];
    assert.equal((await stack("down")).code, 0);
    assert.equal(await anyRunning(before), false);
    assert.ok(readdirSync(join(folder, "mariadb-00")).includes("chat"));
    const again = await stack("down");
    assert.equal(again.code, 0);
    assert.match(again.stderr, /was down already/u);
    assert.equal((await stack("status")).code, 4);
  });

  test("a process that only has the number of a part is left alone", async () => {
    const stranger = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    await once(stranger, "spawn");
    const ended = once(stranger, "exit");
    try {
      mkdirSync(join(folder, "pids"), { recursive: true });
      const record = { pid: stranger.pid, birth: "another time" };
      writeFileSync(join(folder, "pids", "server.json"), JSON.stringify(record));
      assert.match((await stack("down")).stderr, /was down already/u);
      assert.deepEqual([stranger.exitCode, stranger.signalCode], [null, null]);
      process.kill(stranger.pid!, 0);
    } finally {
      stranger.kill("SIGKILL");
      await ended;
    }
  });

  test("a missing program is exit code 4 with the remedy, and nothing is started", async () => {
    const { code, stderr } = await hotshard(["stack", "up", "--data", join(folder, "new")], { PATH: folder });
    assert.equal(code, 4, stderr);
    assert.match(stderr, /PROGRAM_MISSING: .*mariadbd.*docker compose up/u);
    assert.equal(existsSync(join(folder, "new")), false);
  });
});

async function anyRunning(ids: readonly ProcessId[]): Promise<boolean> {
  return (await Promise.all(ids.map(isRunning))).includes(true);
}
