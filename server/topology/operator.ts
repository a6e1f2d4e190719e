import { ConfigError } from "../config-error.ts";
import type { Topology } from "../placement/contract.ts";
import { MAX_MESSAGE_ID } from "../placement/message-id.ts";
import type { ChangeBody, ChangeReply, ChangeRequest, Forecast, Verification } from "../protocol/shards.ts";
import type { ShardSet } from "../shards/shard-set.ts";
import type { Shard } from "../shards/shard.ts";
import type { RowSource } from "./merged-rows.ts";
import { MOVED_ROWS } from "../shards/moves.ts";
import { parseShardUrl, placeOf, type ShardSpec } from "../shards/url.ts";
import { changeTopology, type Change } from "./changes.ts";
import type { Next, Placed } from "./document.ts";
import { forecastChange, type KnownLoad } from "./forecast.ts";
import { labelFor, type Found } from "./newcomer.ts";
import { idAt } from "./state.ts";
import { verify } from "./verify.ts";

/** What the state says of where messages lie. */
export type Whereabouts = Pick<Placed, "cluster" | "nextLabel" | "out" | "topology" | "urls" | "work">;

/** What operators do to the shards of a running system. */
export interface Operator {
  /**
   * Judges a change, forecasts it and, unless it is a dry run, publishes it.
   *
   * @throws {ConfigError} with a code of `REFUSALS`: then nothing has changed
   */
  change(body: ChangeBody): Promise<ChangeReply>;
  /** What a rebalance would move now. */
  forecast(): Promise<Forecast>;
  /** @throws {ConfigError} MOVING */
  verify(): Promise<Verifying>;
}

/** A comparison of the shards that has not begun. */
export interface Verifying {
  /** Rows that it will read, about. */
  readonly of: number;
  /**
   * @param progress told the number of rows that were read
   * @throws {ConfigError} MOVING, EPOCH_CHANGED when that came while it read
   */
  readonly run: (progress: (rows: number) => void, signal: AbortSignal) => Promise<Verification>;
}

export interface OperatorParts {
  /** Reads the newest state. */
  readonly read: () => Promise<Whereabouts>;
  readonly publish: (next: (state: Whereabouts, boundary: bigint) => Next) => Promise<void>;
  readonly shards: Pick<ShardSet, "all" | "get">;
  readonly inspect: (spec: ShardSpec) => Promise<Found>;
  /** The most frequent dialogs of the last minute. */
  readonly hot: () => readonly { readonly dialog: string; readonly share: number }[];
  /** Rows a second that a rebalance moves. */
  readonly rowsPerS: () => number;
  /** Unix ms. */
  readonly now: () => number;
  /** Of a forecast's sample, a power of two; default: as many as it has. */
  readonly sampleKeys?: number;
  /** What was forecast of the change that this epoch ended. */
  readonly onForecast?: (epoch: number, maxOverMean: Forecast["maxOverMean"]) => void;
}

export function createOperator(parts: OperatorParts): Operator {
  const { hot, inspect, now, onForecast, publish, read, rowsPerS, sampleKeys, shards } = parts;

  async function changeOf(request: ChangeRequest, state: Whereabouts): Promise<Change> {
    if (request.do === "add") {
      const spec = parseShardUrl(request.url);
      refuseKnown(spec, shards, state.urls);
      return { do: "add", shard: labelFor(await inspect(spec), state) };
    }
    if (request.do !== "pin" || request.share !== undefined) return request;
    const share = hot().find(({ dialog }) => dialog === request.dialog)?.share;
    return share === undefined ? request : { ...request, share };
  }

  /** What was left there, by whatever fault, would be lost to every reader. */
  async function checkEmpty(label: string): Promise<void> {
    const shard = shards.get(label);
    if (shard?.state() !== "up") return;
    if (await isEmpty(shard)) return;
    throw new ConfigError("OWNS_ROWS", `shard ${label} holds messages: rebalance, or see hotshard shards verify`);
  }

  async function forecast(before: Topology, after: Topology): Promise<Forecast> {
    const stored = await Promise.all(shards.all().map(storedOn));
    return forecastChange(before, after, { hot: hot(), stored, rowsPerS: rowsPerS(), now: idAt(now()) }, sampleKeys);
  }

  return {
    async change({ change: request, dryRun = false, epoch }) {
      const state = await read();
      checkEpoch(state, epoch);
      const change = await changeOf(request, state);
      const { topology } = state;
      const seen = changeTopology(topology, change, BigInt(topology.segments.at(-1)!.from) + 1n);
      refuseWhileMoving(state, change);
      refuseOut(state, change);
      if (change.do === "remove") await checkEmpty(change.shard);
      const told = { forecast: await forecast(topology, seen), ...(change.do === "add" && { shard: change.shard }) };
      if (dryRun) return { epoch: topology.epoch, applied: false, ...told };
      let reached = topology.epoch;
      await publish((current, boundary) => {
        checkEpoch(current, epoch);
        refuseWhileMoving(current, change);
        refuseOut(current, change);
        const next = changeTopology(current.topology, change, boundary);
        reached = next.epoch;
        return { topology: next, urls: urlsAfter(current.urls, change, request) };
      });
      onForecast?.(reached, told.forecast.maxOverMean);
      return { epoch: reached, applied: true, ...told };
    },
    async forecast() {
      const { topology } = await read();
      return forecast(topology, topology);
    },
    async verify() {
      const { topology } = await settled(read);
      const digests = new Map<string, bigint>();
      const sources = shards.all().map((shard) => ({ label: shard.label, page: pagesOf(shard, digests) }));
      return {
        of: shards.all().reduce((sum, shard) => sum + shard.reading().storedRows, 0),
        async run(progress, signal) {
          const found = await verify(topology, sources, progress, signal);
          checkEpoch(await settled(read), found.epoch);
          const digested = found.shards.map((one) => ({ ...one, digest: (digests.get(one.shard) ?? 0n).toString(16) }));
          return { ...found, shards: digested };
        },
      };
    },
  };
}

/** As it was last counted, which may not have been done yet. */
async function storedOn(shard: Shard): Promise<KnownLoad["stored"][number]> {
  const { storedBytes, storedRows, up } = shard.reading();
  const isKnown = storedRows > 0 || (up && (await isEmpty(shard).catch(() => false)));
  return { shard: shard.label, rows: isKnown ? storedRows : null, bytes: isKnown ? storedBytes : null };
}

async function isEmpty(shard: Pick<Shard, "scan">): Promise<boolean> {
  return (await shard.scan(null, { below: String(MAX_MESSAGE_ID) }, 1)).length === 0;
}

/** Reads a shard's rows, and adds up what its database says of them. */
function pagesOf(shard: Shard, digests: Map<string, bigint>): RowSource["page"] {
  return async (after) => {
    const rows = await shard.scan(after, { below: String(MAX_MESSAGE_ID) }, MOVED_ROWS);
    if (rows.length === 0) return rows;
    const { sum } = await shard.digest(rows.map(({ dialog, id }) => ({ dialog, id })));
    digests.set(shard.label, (digests.get(shard.label) ?? 0n) + sum);
    return rows;
  };
}

/** @throws {ConfigError} MOVING: a row that is being moved may be met twice, or nowhere */
async function settled(read: OperatorParts["read"]): Promise<Whereabouts> {
  const state = await read();
  if (state.work === null) return state;
  throw new ConfigError("MOVING", `${HALF_WAY}: ask again when it has ended`);
}

const HALF_WAY = "messages are being moved between shards, or a rebalance was left half-way (hotshard shards status)";

function checkEpoch({ topology }: Whereabouts, epoch: number | undefined): void {
  if (epoch === undefined || epoch === topology.epoch) return;
  const text = `the topology is at epoch ${topology.epoch}, not ${epoch}: another change came first; see what it did, then ask again`;
  throw new ConfigError("EPOCH_CHANGED", text);
}

/** Two labels for one database would show its messages twice. */
function refuseKnown(spec: ShardSpec, shards: Pick<ShardSet, "all">, urls: Whereabouts["urls"]): void {
  const known = [
    ...shards.all().map((shard) => ({ label: shard.label, place: placeOf(shard.spec) })),
    ...Object.entries(urls).map(([label, url]) => ({ label, place: placeOf(parseShardUrl(url)) })),
  ];
  const same = known.find(({ place }) => place === placeOf(spec));
  if (same === undefined) return;
  throw new ConfigError("SHARD_EXISTS", `${placeOf(spec)} is shard ${same.label} of this system`);
}

/** A rebalance still looks for rows on every shard that it began with. */
function refuseWhileMoving({ work }: Whereabouts, change: Change): void {
  if (work === null || change.do !== "remove") return;
  throw new ConfigError("MOVING", `${HALF_WAY}: remove the shard when it has ended`);
}

/** What it missed is to be removed from it first. */
function refuseOut({ out }: Whereabouts, change: Change): void {
  if (change.do !== "put-back" || !out.some(({ label }) => label === change.shard)) return;
  throw new ConfigError("SHARD_OUT", `shard ${change.shard} was lost: it comes back by itself when it is well`);
}

function urlsAfter(urls: Whereabouts["urls"], change: Change, request: ChangeRequest): Whereabouts["urls"] {
  if (request.do === "add" && change.do === "add") return { ...urls, [change.shard]: wholeUrl(request.url) };
  if (change.do !== "remove") return urls;
  return Object.fromEntries(Object.entries(urls).filter(([label]) => label !== change.shard));
}

/** With the whole path: the next start may be in another folder. */
function wholeUrl(url: string): string {
  const spec = parseShardUrl(url);
  return spec.engine === "sqlite" ? placeOf(spec) + (/\?.*$/u.exec(url)?.[0] ?? "") : url;
}
