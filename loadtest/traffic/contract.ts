/**
 * What every scenario can be told; `hotshard run` options, `k6 run -e` in capitals, `HOTSHARD_…` in the environment.
 */
interface CommonDials {
  /** Online and offline users together, ids 1…users; at least 2. */
  readonly users: number;
  /**
   * Messages per second over all authors; > 0. Where `arrivals` says another course, its average over the measured
   * phase.
   */
  readonly rate: number;
  /** When messages come, as `parseArrivals` reads it; empty: at `rate` all the time, with Poisson arrivals. */
  readonly arrivals: string;
  /** Seconds of the measured phase; > 0. */
  readonly durationS: number;
  /** Seconds of the same traffic before it, stored and audited but not judged for latency; >= 0. */
  readonly warmupS: number;
  /** Any integer from 0 to 2^32 − 1: the same seed makes the same users, dialogs and schedule. */
  readonly seed: number;
  /** Share of users that never connect, 0 to below 1. */
  readonly offlineShare: number;
}

/** The dials of one run: the common ones, and those that its scenario declares. A missing one has its default. */
export interface Dials extends CommonDials {
  readonly [own: string]: number | string;
}

/** What a virtual user does at a moment of the schedule. */
export interface Action {
  /** Intended moment: milliseconds after the run's start, ascending within a lane. */
  readonly at: number;
  readonly user: number;
  /** `send`: a message to the target. `noop`: nothing; how late it comes is the harness's own floor. */
  readonly do: "send" | "noop";
  /** Whom it is done to: of `send` the recipient; 0 of `noop`. */
  readonly target: number;
}

/** A part of the schedule with a rate of its own: from the end of the one before, or 0, to its own. */
export interface Phase {
  /** Milliseconds after the start of the schedule. */
  readonly untilMs: number;
  /** Of this lane. With even gaps all lanes share one row of messages, and this is what falls to it on average. */
  readonly messages: number;
  /** Rates at its two ends where they differ, in any unit; between them they change in a straight line. */
  readonly rates?: { readonly from: number; readonly to: number };
  /** With even gaps: the messages of all lanes. Absent: Poisson arrivals given their number. */
  readonly grid?: number;
}

/**
 * A part of the schedule that one generator process or VU can make alone: all messages of its authors. Which lanes
 * exist depends on the dials only, never on the driver, so k6 and Node make the same messages.
 */
export interface Lane {
  /** Expected messages per second, to spread lanes over VUs. */
  readonly rate: number;
  /** How many messages it holds, phase by phase; absent: it has a pace of its own. */
  readonly phases?: readonly Phase[];
  /** Of a closed model: `next` gives what is due as far as is known, and null while everybody waits for an answer. */
  readonly loop?: {
    /** When the next message is due, ms; Infinity: everybody waits for an answer, or will write only after the end. */
    dueAt(): number;
    /** A message was answered, or never will be: its user thinks, and writes again. @param at ms */
    answered(at: number): void;
  };
  /** Users whose connections this lane sends on; no user is in two lanes. */
  hasAuthor(user: number): boolean;
  /** @returns the next action, or null after warm-up + duration */
  next(): Action | null;
}

/** A traffic story with its dials filled in: pure and seeded. */
export interface Story {
  readonly name: string;
  /** Users 1…online connect, sooner or later; online+1…users never do. */
  readonly online: number;
  readonly users: number;
  /** Fresh lanes from the start of the schedule. */
  lanes(): Lane[];
  /** Whether this pair is (part of) what the story makes hot; everybody else is an innocent. */
  isHot(author: number, to: number): boolean;
  /** Share of the messages that the hot pair or inbox was asked to get; null when the story has none. */
  readonly askedShare: number | null;
  /**
   * When an online user connects, ms after the start of the schedule; 0 or absent: before it. Whoever joins later
   * writes only after that, and nobody writes to them.
   */
  readonly joinsAt?: (user: number) => number;
  /**
   * Messages that the whole schedule is expected to hold, of a story with a pace of its own; absent: as many as the
   * rate says, to the message, and the verdict holds it to that.
   */
  readonly expected?: number;
  /** The story with a pace of its own holds just so many messages; absent: `expected` is their mean. */
  readonly expectedIsExact?: true;
  /** Whether other dialogs become hot as the run goes on; absent: they stay the same. */
  readonly walks?: boolean;
  /** The popularity of dialogs that the story makes; absent when it promises none. */
  readonly popularity?: Popularity;
  /**
   * Of a rehearsal: `before` its fault, `during`, `after`, in this order and without overlap. The generator is judged
   * in all of them, the server in none; the report shows each, and the time to recover.
   */
  readonly windows?: readonly RunWindow[];
  /**
   * Whether clients send again what failed for now, with the same id and a bounded number of tries: a message is failed
   * only when none of them was acknowledged, and late as long as the first one that was.
   */
  readonly resends?: true;
  /** Share of the messages that may fail, 0…1, where `--max-errors` says nothing; absent: 0.001, in a rehearsal 1. */
  readonly maxErrors?: number;
}

/** A part of the schedule with a name. */
export interface RunWindow {
  readonly name: string;
  /** Seconds after the start of the schedule, warm-up included; `fromS` < `untilS`. */
  readonly fromS: number;
  readonly untilS: number;
}

/** Dialogs by rank, with shares ∝ rank^−exponent. */
export interface Popularity {
  readonly exponent: number;
  readonly keys: number;
  /** @param rank from 1 to `keys` */
  dialog(rank: number): { readonly author: number; readonly to: number };
}

/** Where the server puts a dialog now; asked before a run, so that dials may be given by their effect. */
export interface Ground {
  readonly shards: number;
  /** @returns the index of the shard, from 0 */
  place(author: number, to: number): number;
}

/** Dials that have the effect asked for, on this ground. */
export interface Aim {
  readonly dials: Dials;
  readonly maxOverMean: {
    readonly asked: number;
    /** Expected with these dials: shares of the messages, without the chance of a finite run. */
    readonly forecast: number;
  } | null;
}
