import type { Dials, RunWindow, Story } from "../contract.ts";
import type { Dial } from "../dial.ts";
import { ladyGaga } from "./lady-gaga.ts";
import { random } from "./random.ts";
import { zipf } from "./zipf.ts";

const TRAFFIC = { random, "lady-gaga": ladyGaga, zipf } as const;

/** What both rehearsals of a change of the shards can be told. */
export const REHEARSAL_DIALS = {
  traffic: {
    option: "traffic",
    kind: "choice",
    choices: ["random", "lady-gaga", "zipf"],
    default: "random",
    meaning: "the story beneath: who writes to whom",
  },
  hotShare: ladyGaga.dials["hotShare"]!,
  zipf: zipf.dials["zipf"]!,
  keys: zipf.dials["keys"]!,
  at: {
    option: "at",
    kind: "number",
    min: 0.05,
    max: 0.9,
    default: 0.25,
    meaning: "when the shards change: after this share of the measured phase",
  },
} as const satisfies Record<string, Dial>;

export const atOf = (dials: Dials): number => Number(dials["at"] ?? REHEARSAL_DIALS.at.default);

/** When the shards change, seconds after the start of the schedule. */
export const changeAtS = (dials: Dials): number => dials.warmupS + atOf(dials) * dials.durationS;

/**
 * The story beneath, told by clients that send again what failed for now, with the windows before, during and after the
 * change. Who changes the shards is `hotshard run`; under bare k6 nobody does.
 *
 * @param duringS length of the second window
 */
export function rehearse(name: string, dials: Dials, duringS: number): Story {
  const story = TRAFFIC[dials["traffic"] as keyof typeof TRAFFIC].make(dials);
  const at = changeAtS(dials);
  const end = dials.warmupS + dials.durationS;
  const windows: RunWindow[] = [
    { name: "before", fromS: dials.warmupS, untilS: at },
    { name: "during", fromS: at, untilS: at + duringS },
    { name: "after", fromS: at + duringS, untilS: end },
  ];
  return { ...story, name, windows, resends: true, maxErrors: 0.001 };
}

/** What is wrong with the dials of the story beneath. */
export const faultsBeneath = (dials: Dials): string[] => (dials["traffic"] === "zipf" ? zipf.faults(dials) : []);
