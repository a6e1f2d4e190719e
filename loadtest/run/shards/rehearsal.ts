import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "../../../server/config-error.ts";
import type { Dials } from "../../traffic/contract.ts";
import { startCutProxy } from "./cut-proxy.ts";
import type { Plug } from "./plug.ts";
import { fileOf, label, serverShards } from "./server-shards.ts";

/** In place of a URL: a file beside the others. */
const NEW = "new";

/** What a rehearsal needs beside its traffic. */
export interface Rehearsal {
  /** Options of `hotshard serve` for an own server. */
  readonly serverArgs: readonly string[];
  /** Takes the shard away that is lost; null: none is. */
  readonly plug: Plug | null;
  /** URL of the shard that is added; null: none is. */
  readonly add: string | null;
}

export interface RehearsalOrder {
  readonly scenario: string;
  readonly dials: Dials;
  /** URL of an empty database that is added, or `new`: a file beside the others, as `reshard` does without it. */
  readonly add?: string;
}

/**
 * Makes what the scenario needs of an own server.
 *
 * @param args options of `hotshard serve`, with --data
 * @throws {ConfigError} NO_SHARD when there is no such shard to lose, NO_ADD when it is not known what to add
 */
export async function prepareRehearsal(order: RehearsalOrder, args: readonly string[]): Promise<Rehearsal> {
  const { add, dials, scenario } = order;
  if (scenario === "reshard") return { serverArgs: args, plug: null, add: addOf(add, args) };
  if (scenario !== "shard-loss") return { serverArgs: args, plug: null, add: null };
  // First: a refusal leaves no proxy behind.
  const added = add === undefined ? null : addOf(add, args);
  return { ...(await loseOne(String(dials["lose"]), args)), add: added };
}

/**
 * The same for a server that is running already.
 *
 * @throws {ConfigError} NO_LOSS, NO_ADD
 */
export function rehearsalOn({ add, scenario }: RehearsalOrder): Rehearsal {
  if (scenario === "shard-loss") {
    const why = "the run takes a shard away from a server of its own, and can reach no other server's databases";
    throw new ConfigError("NO_LOSS", `--url: ${why}; give its databases with --shards instead, empty ones`);
  }
  if (scenario === "reshard" && (add === undefined || add === NEW))
    throw new ConfigError("NO_ADD", "--url: give the URL of an empty database with --add");
  return { serverArgs: [], plug: null, add: scenario === "reshard" ? add! : null };
}

function addOf(add: string | undefined, args: readonly string[]): string {
  if (add !== undefined && add !== NEW) return add;
  const { data, labels, shape, urls } = serverShards(args, process.env);
  if (urls.every((url) => url.startsWith("sqlite:"))) return fileOf(data, label(labels.length)) + shape;
  throw new ConfigError("NO_ADD", "a shard is added: give the URL of an empty database with --add");
}

async function loseOne(lose: string, args: readonly string[]): Promise<Pick<Rehearsal, "serverArgs" | "plug">> {
  const { data, labels, urls } = serverShards(args, process.env);
  const url = urls[labels.indexOf(lose)];
  if (url === undefined)
    throw new ConfigError("NO_SHARD", `--lose ${lose}: there is no such shard (${labels.join(", ")})`);
  const [plug, there] = url.startsWith("sqlite:") ? losableFile(url, join(data, `lost-${lose}`)) : await cuttable(url);
  const shards = urls.map((one) => (one === url ? there : one)).join(",");
  return { serverArgs: [...args, "--shards", shards], plug };
}

/** An embedded shard has no network to cut: it is shaped. */
function losableFile(url: string, file: string): [Plug, string] {
  const plug: Plug = {
    pull: () => writeFile(file, ""),
    putIn: () => rm(file, { force: true }),
    end: () => rm(file, { force: true }),
  };
  return [plug, `${url}${url.includes("?") ? "&" : "?"}lostWhile=${encodeURIComponent(file).replaceAll("%2F", "/")}`];
}

async function cuttable(url: string): Promise<[Plug, string]> {
  // What cannot be read the server refuses in its own words.
  if (!URL.canParse(url)) return [await startCutProxy({ port: 1 }), url];
  const there = new URL(url);
  const socket = there.searchParams.get("socket");
  if (there.searchParams.get("tls") === "verify") {
    const why = "its certificate is not that of the proxy by which the run takes it away";
    throw new ConfigError("NO_LOSS", `--shards: a shard with tls=verify cannot be lost here: ${why}`);
  }
  const host = there.hostname.replace(/^\[(.*)\]$/u, "$1");
  const target = socket === null ? { host, port: Number(there.port || 3306) } : { path: socket };
  const proxy = await startCutProxy(target);
  there.host = `127.0.0.1:${proxy.port}`;
  there.searchParams.delete("socket");
  return [proxy, there.href];
}
