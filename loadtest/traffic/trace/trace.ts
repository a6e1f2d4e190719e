import type { TextDial } from "../dial.ts";
import { laneCount, onlineUsers } from "../lanes.ts";
import { defineScenario } from "../scenario.ts";
import { readLane, readPlanSummary } from "./plan-file.ts";

const said = (option: string, meaning: string): TextDial => ({ option, kind: "text", default: "", meaning });

const OWN_DIALS = {
  trace: said("trace", "file of time,dialog or of dialog,count; CSV or NDJSON, gzip or not"),
  traceFormat: said("trace-format", "what the file is, as of whatif --format"),
  traceKey: said("trace-key", "its column or field of the dialog"),
  traceCount: said("trace-count", "its column or field of the count, or none"),
  traceTime: said("trace-time", "its column or field of the time"),
  speed: {
    option: "speed",
    kind: "number",
    min: 0,
    aboveMin: true,
    max: 1_000_000,
    default: 1,
    meaning: "seconds of the trace that pass in one second",
  },
  plan: { ...said("plan", "folder of the compiled trace"), derived: true },
} as const;

/**
 * Replays what a file says: see `compileTrace`, which makes the plan that this reads. Node only: k6 reads no big file.
 */
export const trace = defineScenario({
  name: "trace",
  story: "replays a file: messages at their times, or dialogs in proportion to their counts",
  dials: OWN_DIALS,
  defaults: { warmupS: 0, durationS: 60 },
  nodeOnly: true,
  changesRate: true,
  leastUsers: 3,
  faults: (dials) => (dials.trace === "" ? ["trace must name a file: time,dialog or dialog,count."] : []),
  make(dials) {
    if (dials.plan === "") throw new RangeError("the trace is not compiled");
    const { plan } = dials;
    const summary = readPlanSummary(plan);
    const online = onlineUsers(dials);
    const count = laneCount(dials);
    const seconds = dials.warmupS + dials.durationS;
    return {
      name: "trace",
      online,
      users: dials.users,
      askedShare: null,
      expected: summary.messages,
      expectedIsExact: true,
      isHot: () => false,
      lanes: () =>
        summary.lanes.map((messages, index) => ({
          rate: messages / seconds,
          hasAuthor: (user: number) => user >= 1 && user <= online && (user - 1) % count === index,
          next: readLane(plan, index),
        })),
    };
  },
});
