import { findScenario } from "../traffic/stories/registry.ts";
import type { PlannedSend, Story } from "../traffic/contract.ts";
import { mergeLanes } from "../traffic/deal.ts";
import type { Driver, DriveOrder, Measurement, Progress } from "./contract.ts";
import { createRunClock, watchCpu, type RunClock } from "./node-clock.ts";
import { createCrowd, type Crowd } from "./node-crowd.ts";
import { createLedger, type Ledger } from "./node-ledger.ts";
import { pace } from "./node-pacer.ts";
import type { Session } from "./node-session.ts";
import { createTally, type Tally } from "./node-tally.ts";

/** How long answers and deliveries are waited for after the last send, ms. */
const DRAIN_MS = 10_000;
/** With every answer in hand, a delivery that is still missing after so long a silence will not come. */
const SILENCE_MS = 1_000;
const TICK_MS = 1_000;

/**
 * The built-in generator: all users of a story on one thread, no program needed but Node. Open model; memory grows with
 * users, dialogs and seconds, not with messages.
 *
 * @param drainMs for tests that lose answers on purpose
 */
export function createNodeDriver(drainMs = DRAIN_MS): Driver {
  return {
    name: "node",
    unavailable: async () => null,
    drive: async (order) => drive(order, drainMs),
  };
}

interface Run {
  readonly order: DriveOrder;
  readonly story: Story;
  readonly clock: RunClock;
  readonly tally: Tally;
  readonly ledger: Ledger;
  readonly crowd: Crowd;
  phase: Progress["phase"];
  /** `performance.now()` of the last read from any socket. */
  heardAt: number;
}

function prepare(order: DriveOrder): Run {
  const scenario = findScenario(order.scenario);
  if (scenario === undefined) throw new RangeError(`there is no scenario ${order.scenario}`);
  const story = scenario.make(order.dials);
  const clock = createRunClock();
  const tally = createTally(order.shards);
  const ledger = createLedger(order, story, tally, clock);
  const crowd = createCrowd(order.url, order.secret, story.online, {
    onFrame(session, frame) {
      if (run.phase !== "connect") tally.advance(clock.at(session.readAt));
      ledger.frame(session, frame);
    },
    onRead(session) {
      run.heardAt = session.readAt;
      if (run.phase === "measure") tally.handlerLag.record(performance.now() - session.readAt);
    },
    onBadFrame: () => tally.error("BAD_SERVER_FRAME"),
    onLost: (session) => ledger.abandon(session),
  });
  const run: Run = { order, story, clock, tally, ledger, crowd, phase: "connect", heardAt: 0 };
  return run;
}

async function drive(order: DriveOrder, drainMs: number): Promise<Measurement> {
  const run = prepare(order);
  const { clock, crowd, tally } = run;
  const stopTicks = startTicks(run);
  try {
    await crowd.connect(order.signal);
    clock.start();
    const cpu = watchCpu();
    await send(run);
    const busy = cpu();
    const interrupted = order.signal?.aborted === true;
    run.phase = "drain";
    await drain(run, drainMs);
    tally.advance(clock.now() + TICK_MS);
    await crowd.close();
    return {
      driver: "node",
      startedAt: clock.startedAt(),
      interrupted,
      ...tally.measurement(),
      generator: {
        sendLag: tally.sendLag.toData(),
        handlerLag: tally.handlerLag.toData(),
        cpu: busy,
        dropped: tally.dropped,
        clockJumpMs: clock.jumpMs(),
      },
    };
  } finally {
    stopTicks();
    await crowd.close();
  }
}

async function send(run: Run): Promise<void> {
  const { clock, crowd, ledger, order, story, tally } = run;
  const dirty = new Set<Session>();
  run.phase = order.dials.warmupS > 0 ? "warmup" : "measure";
  const drop = () => {
    tally.planned++;
    tally.dropped++;
  };
  const hooks = {
    send(planned: PlannedSend) {
      const session = crowd.session(planned.author);
      if (session?.open !== true) {
        drop();
        return;
      }
      tally.planned++;
      ledger.send(planned, session);
      dirty.add(session);
    },
    flush() {
      for (const session of dirty) session.flush();
      dirty.clear();
      if (run.phase === "warmup" && clock.now() >= order.dials.warmupS * 1000) run.phase = "measure";
    },
    drop,
  };
  await pace(mergeLanes(story.lanes()), clock, hooks, order.signal);
}

/** Waits until every answer and delivery is there, or nothing more is to be expected. */
async function drain(run: Run, drainMs: number): Promise<void> {
  const { ledger } = run;
  const start = performance.now();
  const end = start + drainMs;
  while (performance.now() < end) {
    const silence = performance.now() - Math.max(start, run.heardAt);
    if (ledger.outstanding === 0 && (ledger.undelivered <= 0 || silence >= SILENCE_MS)) return;
    await new Promise((resolve) => void setTimeout(resolve, 10));
  }
}

/** Once a second: progress, and the wall clock beside the run's own. @returns stops it */
function startTicks(run: Run): () => void {
  const { clock, order, tally } = run;
  const totalS = order.dials.warmupS + order.dials.durationS;
  let lastAcked = 0;
  let lastTick = performance.now();
  const timer = setInterval(() => {
    const seconds = (performance.now() - lastTick) / 1000;
    const rate = (tally.acked - lastAcked) / seconds;
    lastAcked = tally.acked;
    lastTick = performance.now();
    clock.watch();
    const elapsedS = run.phase === "connect" ? -1 : clock.now() / 1000;
    order.onProgress?.({ phase: run.phase, elapsedS, totalS, acked: tally.ackedByShard(), sent: tally.sent, rate });
  }, TICK_MS);
  return () => clearInterval(timer);
}
