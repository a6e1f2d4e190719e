import { findScenario } from "../../traffic/stories/registry.ts";
import type { DriveOrder } from "../contract.ts";
import { createSeriesWriter } from "../prometheus/writer.ts";
import type { Connections } from "./connections.ts";
import type { Tally } from "./tally.ts";

/** What a generator tells a Prometheus of itself. */
export interface LiveSeries {
  /** Writes what is counted so far; call it about once a second. */
  tick(): void;
  /** Writes what was counted in all, once. @returns what was lost, in a sentence; null: nothing */
  end(): Promise<string | null>;
}

const NOWHERE: LiveSeries = { tick: () => {}, end: async () => null };

/**
 * @param order without `prometheus` nothing is written, and nothing of what writes is loaded
 * @param index of the generator among those of the run: as k6's processes each has an `instance_id` of its own
 */
export function createLiveSeries(
  { prometheus, runId, scenario }: DriveOrder,
  index: number,
  tally: Tally,
  connections: Connections,
): LiveSeries {
  if (prometheus === undefined) return NOWHERE;
  const name = findScenario(scenario)?.name ?? scenario;
  const labels = { instance_id: `${runId}-${index}`, scenario: name, testid: runId };
  const writer = createSeriesWriter({ address: prometheus, labels });
  let last = 0;
  let ended: Promise<string | null> | null = null;

  function write(isOver: boolean): void {
    // Of two values of one moment a Prometheus refuses the second; and a wall clock may be set back.
    last = Math.max(Date.now(), last + 1);
    const { counts, ...more } = tally.snapshot();
    const connectionFailures = connections.failures();
    const all = { ...counts, connectionFailures, ...(isOver && { finished: 1, ...sumsThatMustBeZero(tally) }) };
    writer.write({ at: last, loops: isOver ? 0 : 1, counts: all, ...more });
  }

  return {
    tick: () => void (ended === null && write(false)),
    end() {
      if (ended === null) {
        write(true);
        ended = writer.end();
      }
      return ended;
    },
  };
}

/** Of several generators the second one adds up to 0: authors and readers of a message may be of two. */
function sumsThatMustBeZero({ acked, undelivered, counts: { refused, sent, unknown } }: Tally) {
  return { unaccounted: sent - acked - refused - unknown, undelivered };
}
