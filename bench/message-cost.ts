import { closedLoop, type LoopOptions, type LoopResult } from "./closed-loop.ts";
import { median } from "./median.ts";
import type { Stable, SubjectName } from "./subjects.ts";

export interface CostRow {
  readonly subject: SubjectName;
  /** Server CPU per durable and delivered message, microseconds; median over the rounds. */
  readonly cpuMicros: number;
  /** Over the first subject's, median of the ratios of each round. */
  readonly cpuRatio: number;
  /** Messages per second, median. */
  readonly perSecond: number;
  readonly perSecondRatio: number;
}

/**
 * Measures the subjects in turn, round by round, so that a machine whose speed drifts slows all of them alike.
 *
 * @param subjects the first is what the others are compared with; one that cannot run here is left out
 */
export async function compareSubjects(
  stable: Stable,
  subjects: readonly SubjectName[],
  options: LoopOptions,
  rounds: number,
): Promise<CostRow[]> {
  const results = new Map<SubjectName, LoopResult[]>(subjects.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of subjects) {
      const subject = await stable.start(name);
      if (subject === null) continue;
      results.get(name)!.push(await closedLoop(subject, options));
      await subject.stop();
    }
  }
  const base = results.get(subjects[0]!)!;
  return subjects
    .filter((name) => results.get(name)!.length === rounds)
    .map((subject) => {
      const own = results.get(subject)!;
      return {
        subject,
        cpuMicros: median(own.map((result) => result.cpuMicros)),
        cpuRatio: median(own.map((result, round) => result.cpuMicros / base[round]!.cpuMicros)),
        perSecond: median(own.map((result) => result.perSecond)),
        perSecondRatio: median(own.map((result, round) => result.perSecond / base[round]!.perSecond)),
      };
    });
}
