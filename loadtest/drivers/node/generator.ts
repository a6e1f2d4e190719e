import { hash } from "node:crypto";
import { loadScenario } from "../own-scenario.ts";
import { sourceOf, withNoops, type Source } from "../../traffic/source.ts";
import type { Action } from "../../traffic/contract.ts";
import { createGapBins, type GapBins } from "../../measurement/gap-bins.ts";
import { createOperationLog } from "../../measurement/operations.ts";
import { mergeRehearsed } from "../../measurement/rehearsed.ts";
import { createRandom } from "../../stats/random.ts";
import { createLedger, TEXT_STREAM, type Ledger } from "../ledger.ts";
import { openOperations, type OperationFile } from "../operation-file.ts";
import { pace } from "../pacer.ts";
import { partOf, startJoins, storyOf, type Join } from "../part.ts";
import type { DriveOrder, Progress } from "../contract.ts";
import type { Measurement } from "../../measurement/measurement.ts";
import { createRunClock, machineMs, watchCpu, type RunClock } from "./clock.ts";
import { createConnections, type Connections } from "./connections.ts";
import { resendPort } from "./resend-port.ts";
import { createLiveSeries, type LiveSeries } from "./live-series.ts";
import type { Session } from "./session.ts";
import { createTally, type Tally } from "./tally.ts";

/** With every answer in hand, a delivery that is still missing after so many polls without a read will not come. */
const SILENT_POLLS = 200;
const TICK_MS = 1_000;
const POLL_MS = 10;
const MOST_PER_TURN = 500;

/** What generators know at the end of the schedule; added up, that of a run. */
export interface Pending {
  /** Sent and not answered. */
  readonly outstanding: number;
  /** Acknowledged messages to readers who are connected, less those that came to the readers that are here. */
  readonly undelivered: number;
  /** Looks in a row between which nothing was read from any socket: a process that was stopped has not looked. */
  readonly silentPolls: number;
}

/** A generator's place among those that make one run. */
export interface Place {
  /** From 0. */
  readonly index: number;
  /** At least 1; at most as many as the story has lanes. */
  readonly count: number;
  /** Called when everybody is connected. @returns the moment when the schedule starts, on the clock of `machineMs` */
  start(): Promise<number>;
  /** Asked about every 10 ms after the last send. @returns whether to end */
  isOver(pending: Pending): boolean;
}

/** The place of a generator that makes a run by itself. */
export const ALONE: Place = { index: 0, count: 1, start: async () => machineMs(), isOver: nothingMoreToCome };

/** Every answer and delivery is there, or nothing more is to be expected. */
export function nothingMoreToCome({ outstanding, undelivered, silentPolls }: Pending): boolean {
  return outstanding === 0 && (undelivered <= 0 || silentPolls >= SILENT_POLLS);
}

interface Run {
  readonly order: DriveOrder;
  readonly source: Source;
  readonly gaps: GapBins;
  /** Users that connect after the start, by their moments. */
  readonly joins: readonly Join[];
  readonly clock: RunClock;
  readonly tally: Tally;
  readonly ledger: Ledger;
  readonly connections: Connections;
  phase: Progress["phase"];
  /** `performance.now()` of the last read from any socket. */
  heardAt: number;
}

const md5 = (text: string): string => hash("md5", text, "hex");

function prepare(order: DriveOrder, { index, count }: Place, file: OperationFile | null): Run {
  const { runId, dials, operations } = order;
  const story = storyOf(order);
  const { lanes, first, joins } = partOf(story, index, count);
  const clock = createRunClock();
  const gaps = createGapBins(lanes);
  const tally = createTally(order.shards, story.online, scheduleMs(order));
  const source = sourceOf(lanes, scheduleMs(order));
  const ledger = createLedger({
    story,
    runId,
    warmupS: dials.warmupS,
    clock,
    books: tally,
    balance: tally.balance,
    gaps,
    random: createRandom(dials.seed, TEXT_STREAM),
    source,
    log: file && createOperationLog(operations!.share, md5, (operation) => file.add(operation)),
    md5,
    resend: story.resends ? resendPort(() => run.connections) : null,
  });
  const connections = createConnections(order.url, order.secret, first, {
    onFrame(session, frame) {
      const readAt = clock.at(session.readAt);
      if (run.phase !== "connect") tally.advance(readAt);
      ledger.frame(session.user, frame, readAt);
    },
    onRead(session) {
      run.heardAt = session.readAt;
      if (run.phase === "measure") tally.handlerLag.record(performance.now() - session.readAt);
    },
    onBadFrame: () => ledger.error("BAD_SERVER_FRAME"),
    onLost: ({ user }) => ledger.abandon(user),
  });
  const run: Run = { order, source, gaps, joins, clock, tally, ledger, connections, phase: "connect", heardAt: 0 };
  return run;
}

/**
 * Connects the users of its lanes, sends their messages, waits for what comes back. One thread; memory grows with
 * users, dialogs and seconds, not with messages.
 *
 * @param drainMs longest wait for answers and deliveries after the end of the schedule
 * @throws {DriveError} when somebody cannot be connected
 */
export async function generate(order: DriveOrder, place: Place, drainMs: number): Promise<Measurement> {
  await loadScenario(order.scenario);
  const file = openOperations(order, place.index);
  const run = prepare(order, place, file);
  const { clock, connections, tally } = run;
  const series = createLiveSeries(order, place.index, tally, connections);
  const stopTicks = startTicks(run, series);
  try {
    await connections.connect(order.signal);
    clock.start(await place.start());
    const cpu = watchCpu();
    const stopJoins = startJoins(run.joins, clock, (user) => connections.join(user));
    await send(run).finally(stopJoins);
    const busy = cpu();
    const interrupted = order.signal?.aborted === true;
    const isCut = order.cut?.aborted === true && !interrupted && !run.source.isOver(clock.now());
    const cutAtS = isCut ? clock.now() / 1000 : null;
    run.phase = "drain";
    await drain(run, place, drainMs + (interrupted || isCut ? 0 : scheduleLeftMs(run)));
    await connections.close();
    tally.advance(clock.now() + TICK_MS);
    const measured = measurementOf(run, busy, await series.end());
    return { ...measured, interrupted, ...(cutAtS !== null && { cutAtS }) };
  } finally {
    stopTicks();
    await connections.close();
    await file?.close();
    await series.end();
  }
}

/**
 * What was counted so far, or in all.
 *
 * @param cpu busy share of a core
 * @param unwritten what a Prometheus did not take
 */
function measurementOf(
  { clock, connections, gaps, ledger, tally }: Run,
  cpu: number,
  unwritten: string | null,
): Measurement {
  return {
    driver: "node",
    startedAt: clock.startedAt(),
    interrupted: false,
    ...tally.measurement(),
    ...mergeRehearsed([ledger.rehearsed()]),
    absences: connections.absences().map(({ user, from, until }) => ({
      user,
      fromMs: clock.at(from),
      untilMs: until === null ? null : clock.at(until),
    })),
    generator: {
      sendLag: tally.sendLag.toData(),
      handlerLag: tally.handlerLag.toData(),
      floor: tally.floor.toData(),
      cpu,
      clockJumpMs: clock.jumpMs(),
      gaps: gaps.counts,
      ...(unwritten !== null && { unwritten: [unwritten] }),
    },
  };
}

async function send(run: Run): Promise<void> {
  const { clock, connections, ledger, order, source, tally } = run;
  const { cut, dials, signal } = order;
  const dirty = new Set<Session>();
  const over = new AbortController();
  run.phase = dials.warmupS > 0 ? "warmup" : "measure";
  await new Promise<void>((resolve) => {
    const look = pace({
      source: withNoops(source),
      endMs: scheduleMs(order),
      clock,
      mostPerTurn: MOST_PER_TURN,
      after,
      take(planned) {
        if (signal?.aborted === true) return drop(planned, tally);
        const session = connections.session(planned.user);
        const isOpen = session?.open === true;
        ledger.take(planned, isOpen ? session.queue : null);
        if (isOpen) dirty.add(session);
      },
      flush(now) {
        for (const session of dirty) session.flush();
        dirty.clear();
        if (run.phase === "warmup" && now >= dials.warmupS * 1000) run.phase = "measure";
      },
      isCut: () => signal?.aborted === true || cut?.aborted === true,
      done() {
        over.abort();
        resolve();
      },
    });
    for (const stop of [signal, cut]) stop?.addEventListener("abort", look, { once: true, signal: over.signal });
  });
}

/** A timer has a grain of a millisecond. */
function after(ms: number, run: () => void): () => void {
  if (ms <= 0) {
    const immediate = setImmediate(run);
    return () => clearImmediate(immediate);
  }
  const timer = setTimeout(run, Math.ceil(ms));
  return () => clearTimeout(timer);
}

/** What was due at the stop was planned and is not sent. */
function drop(planned: Action, tally: Tally): void {
  if (planned.do === "noop") return;
  tally.counts.planned += 1;
  tally.late += 1;
}

/** A generator with little to send, or nothing, still hears what the others send to its users. */
function scheduleLeftMs({ clock, order }: Run): number {
  return Math.max(0, scheduleMs(order) - clock.now());
}

function scheduleMs({ dials }: DriveOrder): number {
  return (dials.warmupS + dials.durationS) * 1000;
}

async function drain(run: Run, place: Place, drainMs: number): Promise<void> {
  const { ledger, tally } = run;
  const start = performance.now();
  let [silentPolls, heardAt] = [0, run.heardAt];
  for (let now = start; now < start + drainMs; now = performance.now()) {
    silentPolls = run.heardAt === heardAt ? silentPolls + 1 : 0;
    ({ heardAt } = run);
    if (place.isOver({ outstanding: ledger.outstanding, undelivered: tally.undelivered, silentPolls })) return;
    await new Promise((resolve) => void setTimeout(resolve, POLL_MS));
  }
}

/** Once a second: progress, and the wall clock beside the run's own. @returns stops it */
function startTicks(run: Run, series: LiveSeries): () => void {
  const { clock, order, tally } = run;
  const totalS = order.dials.warmupS + order.dials.durationS;
  let lastAcked = 0;
  let lastTick = performance.now();
  let lookAt = 0;
  const timer = setInterval(() => {
    const seconds = (performance.now() - lastTick) / 1000;
    const { acked } = tally;
    const rate = (acked - lastAcked) / seconds;
    lastAcked = acked;
    lastTick = performance.now();
    clock.watch();
    series.tick();
    const elapsedS = run.phase === "connect" ? -1 : clock.now() / 1000;
    order.onProgress?.({
      phase: run.phase,
      elapsedS,
      totalS,
      acked: tally.ackedByShard(),
      sent: tally.counts.sent,
      rate,
      ...tally.p99SoFar(),
    });
    const { watch } = order;
    if (watch === undefined || run.phase !== "measure" || elapsedS < lookAt) return;
    lookAt = elapsedS + watch.everyS - TICK_MS / 2000;
    tally.advance(clock.now());
    watch.onMeasured(measurementOf(run, 0, null), Math.floor(elapsedS));
  }, TICK_MS);
  return () => clearInterval(timer);
}
