import autocannon from "autocannon";
import { createHistogram, type HistogramData } from "../../measurement/histogram.ts";

/** What the readers are to do. */
export interface ReadOrder {
  /** HTTP address of the server, with the path before its routes. */
  readonly base: string;
  /** An admin's: the readers are no members of the dialogs. */
  readonly token: string;
  /** Dialogs in the order in which they are opened, over and over, and how many shards each lies on. */
  readonly dialogs: readonly (readonly [dialog: string, shards: number])[];
  readonly readers: number;
  /** Pages a second, over all readers. */
  readonly rate: number;
  readonly pages: number;
  readonly pageSize: number;
}

/** What they found. */
export interface ReadReport {
  readonly seconds: number;
  /** Pages that came, by the shards that a page asks; milliseconds from the request to the whole answer. */
  readonly byFanout: readonly (readonly [shards: number, data: HistogramData])[];
  /** Answers other than 200, lost connections, and no answer in time. */
  readonly failed: number;
}

/** A reader's place: autocannon keeps it while it goes through the pages of one dialog. */
interface Place {
  dialog?: string;
  shards?: number;
  before?: string;
}

/** Beyond the longest run, and within what a timer can count: the order to stop ends it. */
const FOREVER_S = 8 * 86_400;

// Signals reach the whole group of processes; the run says when to stop, and its end is ours.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
process.once("disconnect", () => process.exit());
process.once("message", (order: ReadOrder) => {
  const startedAt = performance.now();
  const histograms = new Map<number, ReturnType<typeof createHistogram>>();
  let failed = 0;
  let opened = 0;
  let shards = 1;
  const { pathname } = new URL(order.base);
  const before = pathname === "/" ? "" : pathname;

  function request(page: number): autocannon.Request {
    return {
      setupRequest(given, context) {
        const place = context as Place;
        if (page === 0) {
          const [dialog, fanout] = order.dialogs[opened++ % order.dialogs.length]!;
          place.dialog = dialog;
          place.shards = fanout;
        } else if (place.before === undefined) {
          // No older page: autocannon begins again with the first request, another dialog.
          return undefined as unknown as autocannon.Request;
        }
        const older = page === 0 ? "" : `&before=${place.before}`;
        const path = `${before}/v1/dialogs/${place.dialog}/messages?limit=${order.pageSize}${older}`;
        return { ...given, path };
      },
      onResponse(status, body, context) {
        const place = context as Place;
        // Told right before the event with the time, in the same turn.
        shards = place.shards ?? 1;
        const next = status === 200 ? (JSON.parse(body) as { next?: string }).next : undefined;
        if (next === undefined) delete place.before;
        else place.before = next;
      },
    };
  }

  const plan: autocannon.Options = {
    url: order.base,
    connections: order.readers,
    overallRate: order.rate,
    duration: FOREVER_S,
    headers: { authorization: `Bearer ${order.token}` },
    requests: Array.from({ length: order.pages }, (_, page) => request(page)),
  };
  // It never ends by itself, so that nothing is left to be called back about.
  const readers = autocannon(plan, () => {});
  readers.on("response", (_client, status, _bytes, ms) => {
    if (status !== 200) {
      failed += 1;
      return;
    }
    let histogram = histograms.get(shards);
    if (histogram === undefined) histograms.set(shards, (histogram = createHistogram()));
    histogram.record(ms);
  });
  readers.on("reqError", () => (failed += 1));
  process.once("message", () => {
    const report: ReadReport = {
      seconds: (performance.now() - startedAt) / 1_000,
      byFanout: [...histograms].sort((a, b) => a[0] - b[0]).map(([fanout, data]) => [fanout, data.toData()]),
      failed,
    };
    process.send!(report, () => process.exit(0));
  });
});
