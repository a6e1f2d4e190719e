import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test, type TestContext } from "node:test";
import { EXIT } from "../../loadtest/run/exit-code.ts";
import type { Result } from "../../loadtest/analysis/result/result.ts";
import { assertMeasured } from "../support/measured.ts";
import { untilMetric } from "../support/metrics.ts";
import { startServer } from "../support/server.ts";

const HOTSHARD = join(import.meta.dirname, "../../bin/hotshard.js");

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A busy machine makes a run INVALID, and everything else about it is as it should be. @returns what it wrote */
function assertRan(t: TestContext, { code, stderr }: Outcome, out: string): Result {
  assert.ok(code === EXIT.good || code === EXIT.invalid, stderr);
  const result = JSON.parse(readFileSync(join(out, "result.json"), "utf8")) as Result;
  assert.equal(code, assertMeasured(t, result) ? EXIT.good : EXIT.invalid, stderr);
  return result;
}

/**
 * @param onStderr told what has been printed so far, with the process
 * @param more environment
 */
async function hotshard(
  args: string[],
  onStderr?: (text: string, kill: () => void) => void,
  more: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const env = { ...process.env, ...more };
  const child = spawn(process.execPath, [HOTSHARD, ...args], { stdio: ["ignore", "pipe", "pipe"], env });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
  child.stderr.on("data", (data: Buffer) => {
    stderr += data.toString();
    onStderr?.(stderr, () => child.kill("SIGINT"));
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

describe("the hotshard command", () => {
  const folder = mkdtempSync(join(tmpdir(), "hotshard-cli-"));
  const short = ["--driver", "node", "--rate", "200", "--duration", "2s", "--warmup", "500ms", "--users", "50"];
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("runs a scenario on a server of its own and writes the folder", async (t) => {
    const out = join(folder, "own");
    const { code, stderr, stdout } = await hotshard([
      "run",
      "lady-gaga",
      ...short,
      "--shards",
      "3",
      "--out",
      out,
      "--json",
    ]);
    const result = assertRan(t, { code, stderr, stdout }, out);
    assert.deepEqual(JSON.parse(stdout), result);
    assert.equal(result.server.shards, 3);
    assert.equal(result.audit.match, true);
    for (const file of ["report.html", "report.md", "junit.xml", "slices.ndjson", "dialogs.csv.gz"]) {
      assert.ok(existsSync(join(out, file)), file);
    }
    assert.ok(stderr.includes(join(out, "report.html")), stderr);
    assert.match(stderr, /Audit: Every one of [\d,]+ acknowledged messages is stored/u);
  });

  test("the command in the report runs the same again: the same messages on the same shards", async (t) => {
    const first = JSON.parse(readFileSync(join(folder, "own/result.json"), "utf8")) as Result;
    const args = first.run.command.split(" ").slice(1);
    const out = join(folder, "again");
    const second = assertRan(t, await hotshard([...args, "--out", out]), out);
    assert.deepEqual(
      second.shards.map(({ label, stored }) => [label, stored]),
      first.shards.map(({ label, stored }) => [label, stored]),
    );
    assert.notEqual(second.run.id, first.run.id);
  });

  test("drives a running server, and makes the pages again", async (t) => {
    const server = await startServer();
    try {
      const out = join(folder, "url");
      assertRan(t, await hotshard(["run", "random", ...short, "--url", server.chat, "--out", out]), out);
      rmSync(join(out, "report.html"));
      const again = await hotshard(["report", out, "--open"], undefined, { BROWSER: join(folder, "no-browser") });
      assert.equal(again.code, 0, again.stderr);
      assert.match(again.stderr, /No browser was opened .*open \/.*\/report\.html yourself/u);
      assert.ok(existsSync(join(out, "report.html")));
    } finally {
      await server.stop();
    }
  });

  test("a server that dies in the middle: what was measured is kept, and said to be no more than that", async () => {
    const server = await startServer();
    const out = join(folder, "gone");
    try {
      const args = ["run", "random", ...short, "--duration", "6s", "--url", server.chat, "--out", out];
      const running = hotshard(args);
      await untilMetric(server.url, 'chat_messages_total{shard="00",result="stored"}', (stored) => stored >= 10);
      await server.stop();
      const { code, stderr } = await running;
      // That messages failed for want of a server is certain, unless the generator was late as well.
      assert.ok(code === EXIT.failed || (code === EXIT.invalid && /^SEND_LAG: |^HANDLER_LAG: /mu.test(stderr)), stderr);
      const { verdict, traffic, audit } = JSON.parse(readFileSync(join(out, "result.json"), "utf8")) as Result;
      assert.equal(verdict.reasons[0]!.code, "SERVER_GONE");
      assert.ok(traffic.acked > 0 && traffic.acked === verdict.reasons[0]!.evidence!["acked"]);
      assert.deepEqual([audit.match, audit.lost], [null, 0]);
      assert.ok(readFileSync(join(out, "slices.ndjson"), "utf8").length > 0);
      const page = readFileSync(join(out, "report.md"), "utf8");
      // Whether the shards or the connections lead depends on what the last second still acknowledged.
      const lead =
        /^# (?:No shard answered for [\d.]+ s: [\d.]+\s% of the messages failed\.|[\d.]+\s% of the messages failed: )/u;
      assert.match(page, lead);
      assert.match(page, /\*\*SERVER_GONE\*\*/u);
      for (const text of [page, readFileSync(join(out, "report.html"), "utf8"), stderr]) {
        assert.ok(!/Nothing needs to be done/u.test(text), text);
      }
    } finally {
      await server.stop();
    }
  });

  test("an interrupted run keeps what it measured and exits 130", async () => {
    const out = join(folder, "interrupted");
    const args = ["run", "random", "--driver", "node", "--rate", "200", "--duration", "60s", "--out", out];
    let interrupted = false;
    const { code } = await hotshard(args, (text, interrupt) => {
      // Twice at once, as npm and the terminal both pass it on; a second one of its own would end the process.
      if (interrupted || !/ [1-9]\d*\/\d+ s/u.test(text)) return;
      interrupted = true;
      interrupt();
      interrupt();
    });
    assert.equal(code, 130);
    const result = JSON.parse(readFileSync(join(out, "result.json"), "utf8")) as Result;
    assert.equal(result.run.interrupted, true);
    assert.equal(result.audit.lost, 0);
    assert.ok(result.traffic.acked > 0);
  });

  test("thresholds: a missed one is exit code 1 and told on every page; one that cannot be known is refused before", async (t) => {
    const out = join(folder, "thresholds");
    const given = ["--fail-on", "delivery.p50<1us", "--fail-on", "audit.lost==0"];
    const { code, stderr, stdout } = await hotshard([
      "run",
      "random",
      ...short,
      ...given,
      "--out",
      out,
      "--json-lines",
    ]);
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { event: string });
    assert.deepEqual([...new Set(events.map(({ event }) => event))], ["start", "progress", "result"]);
    const last = events.at(-1) as { event: string; exitCode: number; result: Result };
    assert.equal(last.exitCode, code);
    // Of a run that is INVALID nothing is judged.
    const isJudged = assertMeasured(t, last.result);
    assert.equal(code, isJudged ? EXIT.failed : EXIT.invalid, stderr);
    assert.deepEqual(last.result, JSON.parse(readFileSync(join(out, "result.json"), "utf8")));
    assert.deepEqual(
      last.result.thresholds?.map(({ status }) => status),
      isJudged ? ["failed", "passed"] : ["not-judged", "not-judged"],
    );
    assert.match(last.result.run.command, /--fail-on 'delivery\.p50<1us' --fail-on audit\.lost==0/u);
    assert.match(readFileSync(join(out, "junit.xml"), "utf8"), /threshold: delivery\.p50&lt;1us/u);

    const nothing = join(folder, "too-short");
    const refused = await hotshard(["run", "random", ...short, "--out", nothing], undefined, {
      HOTSHARD_FAIL_ON: "delivery.p999<9s, shard.09.share<50%",
    });
    assert.equal(refused.code, 2, refused.stderr);
    assert.match(refused.stderr, /UNKNOWABLE: .*delivery\.p999<9s needs 3,688.*shard\.09\.share<50% names no shard/u);
    assert.ok(!existsSync(nothing), "nothing was driven, and nothing is left");
  });

  test("bad usage is one line that lists everything, and exit code 2", async () => {
    const table: [string[], RegExp][] = [
      [
        ["run", "lady-gaga", "--rate", "0", "--duration", "soon", "--hot-share", "2"],
        /BAD_DIALS: (?=.*rate )(?=.*duration )(?=.*hot-share )/u,
      ],
      [
        ["run", "random", "--rate", "0", "--driver", "abacus", "--url", "http://127.0.0.1:1", "--shards", "8"],
        /BAD_OPTIONS: rate .*--driver abacus.*--url http.*--shards: a running server/u,
      ],
      [["run", "random", "--rate", "0", "--placement", "soup", "--shards", "0"], /BAD_OPTIONS: rate .*--shards.*soup/u],
      [["run", "random", "--rate", "0", "--fail-on", "latency<5ms"], /BAD_OPTIONS: rate .*no metric latency/u],
      [["run", "random", "--out", "/dev/null/here"], /BAD_OUT: --out \/dev\/null\/here/u],
      [
        ["run", "--hot-shar", "0.4", "lady-gaga"],
        /BAD_OPTIONS: unknown option '--hot-shar' \(did you mean --hot-share\?\)/u,
      ],
      [["run", "nothing"], /NO_SUCH_SCENARIO: .*random, lady-gaga/u],
      [["run", "random", "--driver", "abacus"], /NO_SUCH_DRIVER: /u],
      [["run", "random", "--url", "http://127.0.0.1:1"], /BAD_URL: /u],
      [["run", "random", ...short, "--shards", "0", "--placement", "soup"], /soup/u],
      [["token", "zero"], /BAD_USER: /u],
      [["report", join(folder, "nowhere")], /NO_RESULT|BAD_RESULT/u],
      [["serve", "--port", "nine", "--nonsense", "1"], /--nonsense.*--port|--port.*--nonsense/u],
    ];
    for (const [args, expected] of table) {
      const { code, stderr } = await hotshard(args);
      assert.equal(code, 2, `${args.join(" ")}: ${stderr}`);
      assert.match(stderr, expected);
      assert.doesNotMatch(stderr, /\n {4}at /u, "a stack is shown");
    }
  });

  test("a server that cannot start leaves nothing behind", async () => {
    const temporary = mkdtempSync(join(folder, "tmp-"));
    const args = ["run", "random", "--driver", "node", "--placement", "soup", "--out", join(folder, "soup")];
    const { code, stderr } = await hotshard(args, undefined, { TMPDIR: temporary });
    assert.equal(code, 2, stderr);
    const left = readdirSync(temporary).filter((name) => name.startsWith("hotshard-"));
    assert.deepEqual(left, []);
  });

  test("of the environment an empty value and another scenario's dial count as not set", async (t) => {
    const more = {
      HOTSHARD_HOT_SHARE: "0.9",
      HOTSHARD_MODE: "",
      HOTSHARD_FAIL_ON: "",
      HOTSHARD_DRIVER: "node",
      HOTSHARD_USERS: "40",
    };
    const out = join(folder, "environment");
    const args = ["run", "random", "--duration", "1s", "--warmup", "0s", "--rate", "300", "--out", out];
    const { run } = assertRan(t, await hotshard(args, undefined, more), out);
    assert.equal(run.dials["users"], 40);
    assert.doesNotMatch(run.command, /hot-share|mode/u);
  });

  test("a server that is not there is exit code 4", async () => {
    const { code, stderr } = await hotshard(["run", "random", ...short, "--url", "ws://127.0.0.1:9/chat"]);
    assert.equal(code, 4, stderr);
    assert.match(stderr, /hotshard serve/u);
  });

  test("a token is signed for the server's secret", async () => {
    const { code, stdout } = await hotshard(["token", "7", "--admin"]);
    assert.equal(code, 0);
    const claims = JSON.parse(Buffer.from(stdout.split(".")[1]!, "base64url").toString()) as object;
    assert.deepEqual({ ...claims, iat: 0, exp: 0 }, { sub: "7", role: "admin", iat: 0, exp: 0 });
  });
});
