import { md5 } from "k6/crypto";
import exec from "k6/execution";
import { createBalanceSheet, type Absence } from "../../../measurement/delivery-balance.ts";
import { createGapBins } from "../../../measurement/gap-bins.ts";
import { createOperationLog } from "../../../measurement/operations.ts";
import { mergeRehearsed } from "../../../measurement/rehearsed.ts";
import { createRandom } from "../../../stats/random.ts";
import { sourceOf, withNoops } from "../../../traffic/source.ts";
import type { Action, Story } from "../../../traffic/contract.ts";
import { createLedger, TEXT_STREAM } from "../../ledger.ts";
import { pace } from "../../pacer.ts";
import { partOf, startJoins } from "../../part.ts";
import { createClock } from "./clock.ts";
import { askForCut } from "./cut.ts";
import { connect } from "./connections.ts";
import { counters } from "./instruments.ts";
import { createRecorder } from "./recorder.ts";
import type { Settings } from "./settings.ts";

/** What all VUs must agree on. */
export interface Common {
  /** Epoch milliseconds of the start of the schedule. */
  readonly startAt: number;
  readonly runId: string;
}

/** Most sends in one turn of the loop: answers must be read between the turns of a generator that is behind. */
const MOST_PER_TURN = 100;
/** Shortest wait, ms: at high rates one wake-up serves several messages. */
const GRAIN_MS = 1;
/**
 * After the schedule's end every VU listens at least so long, ms: other VUs' messages to its users are still under way.
 */
const LEAST_DRAIN_MS = 2_000;
const POLL_MS = 50;

const md5Of = (text: string): string => md5(text, "hex");

/**
 * One VU's part of the run: connects its users, sends its lanes' messages at their moments, listens until the answers
 * are there, and closes. k6 ends the iteration when no timer and no socket is left.
 */
export function runVu(story: Story, settings: Settings, common: Common): void {
  const { dials, url } = settings;
  const vu = settings.generator * settings.vus + exec.vu.idInTest;
  const { lanes, first, joins } = partOf(story, vu - 1, settings.generators * settings.vus);
  const clock = createClock(exec.instance, common.startAt);
  const recorder = createRecorder(vu, common.startAt, settings);
  const gaps = createGapBins(lanes);
  const endMs = (dials.warmupS + dials.durationS) * 1000;
  const source = sourceOf(lanes, endMs);
  const balance = createBalanceSheet(story.online, endMs);
  const absences: Absence[] = [];
  /** Who had a connection at some time. */
  const present = new Set<number>();
  /** Of `absences` those that last. */
  const away = new Map<number, { untilMs: number | null }>();
  let failures = 0;
  let isLate = false;
  /** Since when there is nothing more to send, ms; null: there is. */
  let listensSince: number | null = null;
  /** The schedule ended before its time. */
  let cutAtS: number | null = null;
  let stopAsking: (() => void) | null = null;
  let stopJoins: (() => void) | null = null;

  const connections = connect(url, settings.secret, first, {
    opened(user, timestamp) {
      const now = clock.meet(timestamp);
      const known = away.get(user);
      if (known !== undefined) known.untilMs = now;
      // Connected for the first time, and late.
      else if (now > 0 && !present.has(user)) absences.push({ user, fromMs: 0, untilMs: now });
      away.delete(user);
      present.add(user);
    },
    frames(user, frames, timestamp) {
      const now = clock.meet(timestamp);
      recorder.roll(now);
      const readAt = clock.at(timestamp);
      recorder.handlerLag(readAt, now - readAt);
      for (const frame of frames) ledger.frame(user, frame, readAt);
    },
    failed(user, reason) {
      if (failures === 0) console.error(`user ${user} and ${url}: ${reason}`);
      failures += 1;
      recorder.counts.connectionFailures += 1;
      const absence: Absence & { untilMs: number | null } = {
        user,
        fromMs: present.has(user) ? clock.now() : 0,
        untilMs: null,
      };
      away.set(user, absence);
      absences.push(absence);
      ledger.abandon(user);
    },
  });
  const ledger = createLedger({
    story,
    runId: common.runId,
    warmupS: dials.warmupS,
    clock,
    books: recorder,
    gaps,
    balance,
    random: createRandom(dials.seed, TEXT_STREAM + vu),
    source,
    log: settings.operations > 0 ? createOperationLog(settings.operations, md5Of, recorder.operation) : null,
    md5: md5Of,
    resend: story.resends
      ? {
          after: (ms, run) => void setTimeout(run, ms),
          write(author, frame) {
            const isOpen = connections.isOpen(author);
            if (isOpen) connections.send(author, frame);
            return isOpen;
          },
        }
      : null,
  });

  function take(planned: Action): void {
    const { user } = planned;
    ledger.take(planned, connections.isOpen(user) ? (make) => connections.send(user, make()) : null);
  }

  function start(): void {
    const now = clock.now();
    recorder.roll(now);
    if (failures > 0) end();
    else if (!connections.ready() || now < 0) {
      if (now >= 0 && !isLate) {
        isLate = true;
        counters.lateVus.add(1);
      }
      setTimeout(start, now < 0 ? Math.max(GRAIN_MS, Math.min(POLL_MS, -now)) : POLL_MS);
    } else {
      stopJoins = startJoins(joins, clock, connections.join);
      const look = pace({
        source: withNoops(source),
        endMs,
        clock,
        mostPerTurn: MOST_PER_TURN,
        after: (ms, run) => after(ms, clock.now(), run),
        take,
        flush: (now) => recorder.roll(now),
        isCut: () => cutAtS !== null,
        done() {
          // A VU with little to send, or nothing, still hears what the others send to its users.
          listensSince = Math.max(clock.now(), cutAtS === null ? endMs : 0);
          drain();
        },
      });
      stopAsking = askForCut(settings.cutUrl, () => {
        if (clock.now() >= endMs) return;
        cutAtS = clock.now() / 1000;
        if (listensSince === null) look();
        else listensSince = clock.now();
      });
    }
  }

  function drain(): void {
    const now = clock.now();
    const since = listensSince ?? now;
    recorder.roll(now);
    // Slow answers to this VU's own messages tell how slow other VUs' messages to its users may be.
    const listen = Math.max(LEAST_DRAIN_MS, 2 * ledger.slowestMs);
    const enough = ledger.outstanding === 0 && now - since >= listen;
    if (enough || now - since >= settings.drainMs) end();
    else setTimeout(drain, POLL_MS);
  }

  function end(): void {
    stopAsking?.();
    stopJoins?.();
    connections.closeAll();
    ledger.abandonAll();
    const rehearsed = mergeRehearsed([ledger.rehearsed()]);
    recorder.finish({
      gaps: gaps.counts,
      balance: balance.toData(),
      absences,
      ...rehearsed,
      ...(cutAtS !== null && { cutAtS }),
    });
  }

  start();
}

/** At high rates one wake-up serves several messages. Seconds are rolled in quiet times too. */
function after(ms: number, now: number, run: () => void): () => void {
  const timer = setTimeout(run, Math.max(GRAIN_MS, Math.min(ms, 1000 - (now % 1000))));
  return () => clearTimeout(timer);
}
