import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

/** What may become of a call: it is made and answered; it never arrives; it is done and the answer is lost. */
export type Fate = "answered" | "lost" | "unanswered";

/** What lies between processes: it takes time, and may fail. */
export interface Network {
  /** Milliseconds that a packet is under way; most often few. */
  delay(): number;
  fate(): Fate;
  /** Whether nothing goes between the two. */
  isCut(one: string, other: string): boolean;
  cut(one: string, other: string): void;
  /** What waits goes on, or is gone. */
  mend(one: string, other: string): void;
  mendAll(): void;
  /** Runs it when it arrives. What is sent over a cut waits until that is mended. */
  send(from: string, to: string, ms: number, run: () => void): void;
  /** From now on nothing fails. */
  calm(): void;
}

function key(one: string, other: string): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`;
}

/** @param faultRate share of calls that fail */
export function createNetwork(timeline: Timeline, random: Random, faultRate: number, slowRate: number): Network {
  const cuts = new Map<string, (() => void)[]>();
  let isCalm = false;

  function mend(name: string): void {
    const held = cuts.get(name) ?? [];
    cuts.delete(name);
    // The connection may have broken, or it only stood still.
    const isKept = random.chance(0.6);
    if (isKept) for (const run of held) timeline.after(random.between(0, 5), run);
  }

  return {
    delay() {
      if (!isCalm && random.chance(slowRate)) return random.between(20, 600);
      return 0.1 - Math.log(1 - random.next()) * 0.8;
    },
    fate() {
      if (isCalm || !random.chance(faultRate)) return "answered";
      return random.chance(0.5) ? "lost" : "unanswered";
    },
    isCut: (one, other) => cuts.has(key(one, other)),
    cut(one, other) {
      const name = key(one, other);
      if (!cuts.has(name)) cuts.set(name, []);
    },
    mend: (one, other) => mend(key(one, other)),
    mendAll() {
      for (const name of cuts.keys()) mend(name);
    },
    send(from, to, ms, run) {
      timeline.after(ms, () => {
        const held = cuts.get(key(from, to));
        if (held === undefined) run();
        else held.push(run);
      });
    },
    calm: () => void (isCalm = true),
  };
}
