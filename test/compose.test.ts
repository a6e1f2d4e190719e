import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { parse } from "yaml";
import { findCompose } from "../tools/find-compose.ts";
import { need } from "./support/need.ts";

const ROOT = join(import.meta.dirname, "..");
const FILE = join(ROOT, "docker-compose.yml");
const OURS = "hotshard:";

interface Service {
  readonly image: string;
  readonly build?: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly profiles?: readonly string[];
  readonly user?: string;
  readonly mem_limit?: string;
  readonly read_only?: boolean;
  readonly init?: boolean;
  readonly cap_drop?: readonly string[];
  readonly healthcheck?: object;
  readonly depends_on?: unknown;
  readonly logging?: { readonly options: Readonly<Record<string, string>> };
  readonly entrypoint?: readonly string[];
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
}

const compose = parse(readFileSync(FILE, "utf8"), { merge: true }) as Compose;
const services = Object.entries(compose.services);
const databases = services.filter(([, { image }]) => image === "mysql:8.4");

const found = findCompose();

describe("docker-compose.yml", () => {
  const skip = need("docker compose", found, "install it (Debian: apt-get install docker-compose)");

  test("docker compose takes it, and needs nothing to be set", { skip }, async (context) => {
    const [program, ...args] = found!;
    // Without the tester's own passwords, from the environment or a file .env.
    const folder = mkdtempSync(join(tmpdir(), "hotshard-compose-"));
    context.after(() => rmSync(folder, { recursive: true }));
    const empty = join(folder, "env");
    writeFileSync(empty, "");
    const options = { cwd: ROOT, env: { PATH: process.env["PATH"], HOME: process.env["HOME"] } };
    const words = ["--env-file", empty, "--profile", "load", "-f", FILE, "config"];
    const { stdout, stderr } = await promisify(execFile)(program!, [...args, ...words], options);
    assert.doesNotMatch(stderr, /not set|warn/iu);
    const resolved = parse(stdout) as Compose;
    assert.deepEqual(Object.keys(resolved.services).sort(), services.map(([name]) => name).sort());
    const urls = resolved.services["server"]!.environment!["HOTSHARD_SHARDS"]!.split(",");
    assert.deepEqual(
      urls,
      databases.map(([name]) => `mysql://hotshard:hotshard@${name}:3306/chat`),
    );
  });

  test("every image is pinned, bounded in memory and log, and gains no privileges", () => {
    for (const [name, { image, mem_limit: memory, logging }] of services) {
      assert.match(image, /^[\w./-]+:v?\d+\.\d+(?:\.\d+)?$/u, name);
      assert.match(memory ?? "", /^\d+[mg]$/u, name);
      assert.deepEqual(Object.keys(logging?.options ?? {}).sort(), ["max-file", "max-size"], name);
    }
    assert.doesNotMatch(readFileSync(FILE, "utf8"), /privileged: true|network_mode: host/u);
  });

  test("everything is published on this machine alone: chat on 8086, Grafana on 3000", () => {
    const ports = services.flatMap(([, service]) => service.ports ?? []);
    for (const port of ports) assert.match(port, /^127\.0\.0\.1:(\d+):\1$/u);
    assert.deepEqual(compose.services["server"]!.ports, ["127.0.0.1:8086:8086"]);
    assert.deepEqual(compose.services["grafana"]!.ports, ["127.0.0.1:3000:3000"]);
  });

  test("four databases, each with its own volume and a health check that the server waits for", () => {
    assert.equal(databases.length, 4);
    const healthy = { condition: "service_healthy" };
    for (const [name, { volumes, healthcheck }] of databases) {
      assert.ok(volumes?.includes(`${name}:/var/lib/mysql`), name);
      assert.ok(healthcheck !== undefined, name);
      assert.deepEqual((compose.services["server"]!.depends_on as Record<string, object>)[name], healthy);
    }
  });

  test("what is mounted from the repository is there, and every volume is declared", () => {
    for (const [name, { volumes = [] }] of services) {
      for (const source of volumes.map((volume) => volume.split(":")[0]!)) {
        if (source.startsWith("./")) assert.ok(existsSync(join(ROOT, source)), `${name} mounts ${source}`);
        else if (!source.startsWith("/")) assert.ok(source in compose.volumes, `${name} uses volume ${source}`);
      }
    }
  });

  test("the server runs as nobody in particular, on a root file system that it cannot write", () => {
    const server = compose.services["server"]!;
    assert.ok(server.image.startsWith(OURS));
    assert.deepEqual([server.read_only, server.init, server.cap_drop], [true, true, ["ALL"]]);
    assert.equal(server.environment!["HOTSHARD_DEV"], "${HOTSHARD_DEV:-1}");
    const file = readFileSync(join(ROOT, "Dockerfile"), "utf8");
    assert.match(file, /^USER node$/mu);
    assert.match(file, /^HEALTHCHECK /mu);
    assert.equal([...file.matchAll(/^FROM /gmu)].length, 2);
  });

  test("the image is tagged with this version, and its build context holds what it copies", () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
    assert.equal(compose.services["server"]!.image, `${OURS}${version}`);
    const ignore = readFileSync(join(ROOT, ".dockerignore"), "utf8").split("\n");
    const kept = new Set(ignore.filter((line) => line.startsWith("!")).map((line) => line.slice(1)));
    const copies = [...readFileSync(join(ROOT, "Dockerfile"), "utf8").matchAll(/^COPY ([^-].*) \S+$/gmu)];
    for (const path of copies.flatMap(([, paths]) => paths!.split(" "))) assert.ok(kept.has(path), path);
  });

  test("Prometheus scrapes services that are there", () => {
    const files = ["prometheus/prometheus.yml", ...globSync("prometheus/targets/*.yml", { cwd: ROOT })];
    const text = files.map((file) => readFileSync(join(ROOT, file), "utf8")).join("\n");
    const hosts = [...text.matchAll(/^(?!\s*#).*?\b([a-z][a-z-]*):\d{4}\b/gmu)].map((match) => match[1]!);
    assert.ok(hosts.includes("server") && hosts.includes("mysqld-exporter"), hosts.join());
    for (const host of hosts) assert.ok(host === "localhost" || host in compose.services, host);
  });

  test("Grafana finds its data sources and dashboards where they are mounted", () => {
    const { volumes = [], environment = {} } = compose.services["grafana"]!;
    const provider = parse(readFileSync(join(ROOT, "dashboards/provisioning/dashboards/hotshard.yml"), "utf8")) as {
      readonly providers: readonly { readonly options: { readonly path: string } }[];
    };
    const { path } = provider.providers[0]!.options;
    for (const kind of ["dashboards", "datasources"]) {
      assert.ok(volumes.includes(`./dashboards/provisioning/${kind}:/etc/grafana/provisioning/${kind}:ro`), kind);
    }
    assert.ok(volumes.includes(`./dashboards/json:${path}:ro`));
    const home = environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]!;
    assert.ok(existsSync(join(ROOT, home.replace(path, "dashboards/json"))), home);
    // Grafana serves what lies in its folder `public`; links of the panels lead there.
    assert.ok(volumes.includes("./docs:/usr/share/grafana/public/docs:ro"));
    const overview = readFileSync(join(ROOT, "dashboards/json/hotshard-overview.json"), "utf8");
    assert.match(overview, /"query": "\/public\/docs"/u);
    const sources = readFileSync(join(ROOT, "dashboards/provisioning/datasources/hotshard.yml"), "utf8");
    const hosts = [...sources.matchAll(/url: http:\/\/([a-z-]+):\d+/gu)].map((match) => match[1]!);
    assert.ok(hosts.length > 0);
    for (const host of hosts) assert.ok(host in compose.services, host);
  });

  test("k6 starts only when it is asked for, and runs the scenario that is named first with k6's own options", () => {
    const k6 = compose.services["k6"]!;
    assert.deepEqual(k6.profiles, ["load"]);
    assert.match(k6.user ?? "", /^\d+:\d+$/u);
    // What the container's shell makes of it, with k6 replaced by a program that says how it was called.
    const [shell, ...args] = k6.entrypoint!.map((word) => word.replaceAll("$$", "$"));
    const says = args.map((word) => word.replace("exec k6", "exec echo k6"));
    const { stdout } = spawnSync(shell!, [...says, "lady-gaga", "-e", "RATE=9"], {
      env: { PATH: process.env["PATH"], HOSTNAME: "box" },
      encoding: "utf8",
    });
    const scenario = "loadtest/scenarios/lady-gaga.ts";
    assert.equal(stdout, `k6 run --tag instance_id=box -e RATE=9 ${scenario}\n`);
    assert.ok(existsSync(join(ROOT, scenario)));
    assert.equal(k6.environment!["K6_FEATURES"], "native-histograms");
  });
});
