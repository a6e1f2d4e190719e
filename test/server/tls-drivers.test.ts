import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createAuthority, hasOpenssl } from "../support/certificates.ts";
import { skipWithoutK6 } from "../support/k6.ts";
import { need } from "../support/need.ts";
import { runK6 } from "../loadtest/drivers/k6/script/run-k6.ts";
import { startServer, temporaryFolder } from "../support/server.ts";

const PROGRAM = fileURLToPath(new URL("../../bin/hotshard.js", import.meta.url));
const folder = temporaryFolder();
after(() => rmSync(folder, { recursive: true, force: true }));
const skip = need("openssl", hasOpenssl() || null, "install openssl");
const authority = skip === false ? createAuthority(folder) : null;

/** Which certificate the server shows → what a driver says of it; null for one that is taken. */
const CERTIFICATES = {
  good: { names: "IP:127.0.0.1", years: [2020, 2049], refusal: null },
  expired: { names: "IP:127.0.0.1", years: [2020, 2021], refusal: /expired/ },
  "another name": { names: "DNS:chat.example", years: [2020, 2049], refusal: /does not match|IP SANs/ },
} as const;

interface Outcome {
  readonly code: number | null;
  readonly words: string;
}

async function runNode(url: string): Promise<Outcome> {
  const args = ["run", "random", "--driver", "node", "--url", url, "--users", "4", "--rate", "10", "--duration", "2s"];
  const out = ["--warmup", "0s", "--out", join(folder, `run-${new URL(url).port}`)];
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: authority!.file };
  const child = spawn(process.execPath, [PROGRAM, ...args, ...out], { env });
  let words = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (words += text));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, words };
}

/** By itself: `hotshard run` would have asked the server over HTTP before. */
async function runK6Alone(url: string): Promise<Outcome> {
  process.env["SSL_CERT_FILE"] = authority!.file;
  const dials = { USERS: "4", RATE: "10", DURATION: "1s", WARMUP: "0s", OFFLINE_SHARE: "0", DRAIN: "3s" };
  const { code, stderr, stdout } = await runK6("loadtest/scenarios/random.ts", { ...dials, URL: url });
  return { code, words: stdout + stderr };
}

const DRIVERS = {
  node: { run: runNode, skip, connected: /acknowledged messages/ },
  k6: { run: runK6Alone, skip: skip === false ? skipWithoutK6 : skip, connected: /sent [1-9]\d* = acked [1-9]/ },
};

for (const [driver, { connected, run, skip }] of Object.entries(DRIVERS)) {
  for (const [what, { names, refusal, years }] of Object.entries(CERTIFICATES)) {
    test(`${driver} on wss:// and a certificate: ${what}`, { skip }, async (t) => {
      const { cert, key } = authority!.issue(`${driver}-${what.replace(" ", "-")}`, names, years);
      const server = await startServer({ args: ["--shards", "1", "--tls-cert", cert, "--tls-key", key] });
      t.after(() => server.stop());
      const { code, words } = await run(server.chat);
      // A busy machine may make a run INVALID; what counts here is that it had connections.
      if (refusal === null) assert.match(words, connected);
      else {
        assert.notEqual(code, 0, words);
        assert.match(words, refusal);
        assert.doesNotMatch(words, connected);
      }
    });
  }
}
