import type { WriterFit } from "../../../server/statistics/writer-fit.ts";
import type { Result } from "../result/result.ts";
import { firstToSaturate, type Growth, type WriterUse } from "./first-to-saturate.ts";

/** Writers that are less busy commit row by row, which says nothing of full commits. */
const LEAST_BUSY = 0.1;
/** The ends of a limit's 95 % interval may be so many times apart. */
const WIDEST = 2;
/** 97.5 % quantile of the normal distribution. */
const Z = 1.96;

/** One shard's writer and what was asked of it. */
export type ShardLoad = Readonly<
  Pick<Result["shards"][number], "label" | "offeredPerS" | "limitPerS" | "limitInterval">
>;

/** Rows per second at saturation, with its 95 % interval. */
type WriterLimit = { limitPerS: number } & Required<Pick<ShardLoad, "limitInterval">>;

/**
 * The limit of a writer where the run can know it, else null. The fit (`fitWriter`) is a line through commits that
 * mostly hold a few rows, followed to a full one. It is believed when its 95 % interval spans at most a factor of two
 * (commits were many enough, and large enough) and the writer was busy for at least a tenth of the time. A shape's
 * limit always is.
 */
export function knownLimit({ busy, byShape, interval, limitPerS }: WriterFit): WriterLimit | null {
  if (limitPerS === null || interval === null) return null;
  const known = byShape || (busy >= LEAST_BUSY && interval.high <= WIDEST * interval.low);
  return known ? { limitPerS, limitInterval: interval } : null;
}

type Headroom = Required<NonNullable<Result["headroom"]>>;

export interface AdviceForecast {
  /** Of all messages, by shard, once the advice is followed; 0…1. */
  readonly shares: ReadonlyMap<string, number>;
  readonly readFanout: number;
}

/**
 * How much the traffic can grow before the first shard saturates (see `firstToSaturate`), today and with the advice followed. Each shard writes
 * then as fast as today; one whose limit is unknown, and a new one, as fast as the one that is first today.
 *
 * @returns null when the limit of the shard that is sent most is not known (`knownLimit`): nobody could say which is
 *   first
 */
export function headroomOf(shards: readonly ShardLoad[], advice: AdviceForecast | null): Headroom | null {
  const known = shards.flatMap((shard) => {
    const writer = writerOf(shard);
    return writer === null || shard.offeredPerS <= 0 ? [] : [{ label: shard.label, writer }];
  });
  if (known.length === 0) return null;
  const first = known.reduce((most, one) => (use(one.writer) > use(most.writer) ? one : most));
  const most = shards.reduce((fullest, one) => (one.offeredPerS > fullest.offeredPerS ? one : fullest));
  if (most.limitPerS === null) return null;
  const { growth, low, high } = firstToSaturate(known.map(({ writer }) => writer));
  return {
    shard: first.label,
    nowPerS: first.writer.offeredPerS,
    limitPerS: first.writer.offeredPerS * (1 + growth),
    growthToLimit: growth,
    growthInterval: { low, high },
    afterAdvice: advice === null ? null : growthAfter(shards, first.writer, advice).growth,
    readFanout: advice?.readFanout ?? 1,
  };
}

/** Share of its time that it needs for what is asked of it, were all commits full; above 1 it is past saturation. */
const use = ({ offeredPerS, rowS }: WriterUse): number => offeredPerS * rowS;

/** Null when its limit is not known. */
function writerOf({ offeredPerS, limitPerS, limitInterval }: ShardLoad): WriterUse | null {
  if (limitPerS === null) return null;
  const rowS = 1 / limitPerS;
  const errorS = limitInterval === undefined ? 0 : Math.max(0, 1 / limitInterval.low - rowS) / Z;
  return { offeredPerS, rowS, errorS };
}

function growthAfter(shards: readonly ShardLoad[], first: WriterUse, { shares }: AdviceForecast): Growth {
  const offered = shards.reduce((total, { offeredPerS }) => total + offeredPerS, 0);
  const known = new Map(shards.map((shard) => [shard.label, writerOf(shard)]));
  const writers = [...shares].flatMap(([label, share]) =>
    share > 0 ? [{ ...(known.get(label) ?? first), offeredPerS: offered * share }] : [],
  );
  return firstToSaturate(writers);
}
