import type { Measurement } from "../../measurement/measurement.ts";
import type { Result } from "../result/result.ts";

/** What a reader who had no connection so long after a message was due may have missed by it, ms. */
const GRACE_MS = 30_000;

/**
 * Takes what was acknowledged and not delivered apart by whether its reader had a connection. A bucket of time in which
 * the reader was away, or up to half a minute before it was, is put down to its absence: nobody else knows when the
 * message was on its way.
 */
export function undeliveredOf({
  balance,
  absences,
}: Pick<Measurement, "balance" | "absences">): Pick<Result["audit"], "undelivered" | "missedWhileAway"> {
  const away = Map.groupBy(absences, ({ user }) => user);
  let [undelivered, missedWhileAway] = [0, 0];
  for (const [reader, bucket, count] of balance.rows) {
    // Below 0: messages of unknown outcome that came.
    if (count <= 0) continue;
    const from = bucket * balance.widthMs;
    const until = from + balance.widthMs + GRACE_MS;
    const wasAway = (away.get(reader) ?? []).some(
      ({ fromMs, untilMs }) => fromMs < until && (untilMs ?? Infinity) > from,
    );
    if (wasAway) missedWhileAway += count;
    else undelivered += count;
  }
  return { undelivered, missedWhileAway };
}
