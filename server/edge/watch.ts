import { ApiError } from "./http/api-error.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { Observer } from "../observability/observer.ts";
import type { HotReply, ShardsReply, ShardStatus } from "../protocol/http.ts";
import type { LiveMove } from "../protocol/live.ts";
import type { Shard } from "../shards/shard.ts";
import type { ShardSet } from "../shards/shard-set.ts";
import type { ChangeLog } from "../topology/change-log.ts";
import type { MembershipReading } from "../topology/membership.ts";
import type { MoverReading } from "../topology/mover/contract.ts";
import type { Mover } from "../topology/mover/mover.ts";
import type { Work } from "../topology/state.ts";
import type { Views } from "../topology/view.ts";

/** What pages and probes ask of the server, beside the chat. */
export interface Watch {
  readonly shards: ShardSet;
  /** False while this server may mint no message ids: then writes are refused. */
  readonly mayWrite: () => boolean;
  /** @throws {ApiError} SHARD_UNAVAILABLE while the server is starting */
  readonly status: () => ShardsReply;
  readonly hot: () => HotReply;
  /** Distinct dialogs of the last closed window of ten seconds; null before there is one. */
  readonly distinctDialogs: () => number | null;
  /** What is moved between shards, by this server or by another; null while nothing is. */
  readonly moving: () => LiveMove | null;
}

interface WatchParts {
  /** Null while the server is starting. */
  readonly node: () => MembershipReading | null;
  readonly shards: ShardSet;
  readonly views: Views;
  readonly changes: Pick<ChangeLog, "recent">;
  readonly mover: () => Pick<Mover, "reading">;
  /** Of all servers, as it was last read. */
  readonly work: () => Work | null;
  readonly metrics: Pick<Metrics, "recipientsOffline">;
  readonly observer: Observer;
}

export function createWatch({ changes, metrics, mover, node, observer, shards, views, work }: WatchParts): Watch {
  return {
    shards,
    mayWrite: () => node()?.mayMint ?? false,
    status: () => ({
      node: numberOf(node()),
      topology: views.current().topology,
      recipientsOffline: metrics.recipientsOffline(),
      shards: shards.all().map(statusOf),
      out: views.current().out.map(({ label, phase, reason, since }) => ({ label, phase, since, reason })),
      changes: changes.recent(),
    }),
    hot: () => observer.hot(),
    distinctDialogs: () => observer.lastWindow()?.dialogs ?? null,
    moving: () => moveOf(mover().reading(), work()),
  };
}

/** What this server does it knows to the row; what another does the state says now and then. */
function moveOf(own: MoverReading | null, work: Work | null): LiveMove | null {
  const now = own ?? work;
  if (now === null) return null;
  const { kind, phase, seen } = now;
  const shard = work?.kind === kind ? work.shard : undefined;
  const move = { kind, phase, seen, ...(shard !== undefined && { shard }) };
  if (own === null) return { ...move, of: null, rowsPerS: null, remainingS: null, duty: null };
  return { ...move, of: own.total, rowsPerS: own.rowsPerSecond, remainingS: own.remainingSeconds, duty: own.duty };
}

function statusOf(shard: Shard): ShardStatus {
  const { storedBytes, storedRows } = shard.reading();
  return { ...shard.status(), stored: { rows: storedRows, bytes: storedBytes } };
}

function numberOf(reading: MembershipReading | null): number {
  if (reading === null) throw new ApiError("SHARD_UNAVAILABLE", "the server is starting");
  return reading.node;
}
