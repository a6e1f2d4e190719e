import { closedLoop, type LoopOptions } from "./closed-loop.ts";
import { median } from "./median.ts";
import type { Stable, SubjectName } from "./subjects.ts";

export interface ObservationRow {
  readonly subject: SubjectName;
  /** Server CPU per message with nothing observed and no log, microseconds; in the quietest round. */
  readonly offMicros: number;
  readonly onMicros: number;
  /** On over off, round by round: the median. */
  readonly ratio: number;
  /** On over off, each in its quietest round; below 1 it shows noise, since observing cannot save CPU. */
  readonly quietestRatio: number;
  /** Largest over smallest figure of `off`: a ratio within it says nothing. */
  readonly spread: number;
}

const OFF = ["--observe", "0", "--log", "silent"];
/** At `debug` every message would have a line; at `info` a sample has. */
const ON = ["--observe", "1", "--log", "info"];

/**
 * What metrics, detector and JSON log cost together. Rounds change the order, so that a machine whose speed drifts
 * favours neither.
 *
 * @returns null when the subject cannot run here
 */
export async function measureObservation(
  stable: Stable,
  subject: SubjectName,
  options: LoopOptions,
  rounds: number,
): Promise<ObservationRow | null> {
  const off: number[] = [];
  const on: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const isOn of round % 2 === 0 ? [false, true] : [true, false]) {
      const started = await stable.start(subject, isOn ? ON : OFF);
      if (started === null) return null;
      const { cpuMicros } = await closedLoop(started, options);
      await started.stop();
      (isOn ? on : off).push(cpuMicros);
    }
  }
  const [offMicros, onMicros] = [Math.min(...off), Math.min(...on)];
  const ratio = median(on.map((micros, round) => micros / off[round]!));
  const spread = Math.max(...off) / offMicros;
  return { subject, offMicros, onMicros, ratio, quietestRatio: onMicros / offMicros, spread };
}
