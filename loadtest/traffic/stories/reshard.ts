import { defineScenario } from "../scenario.ts";
import { faultsBeneath, REHEARSAL_DIALS, rehearse } from "./rehearsal.ts";

/** Of the measured phase, what counts as during the change; it goes on as long as the server needs. */
const DURING = 0.25;

/** A shard is added in the middle, what is stored moves there, and one may be drained; who does it is `hotshard run`. */
export const reshard = defineScenario({
  name: "reshard",
  story: "a shard is added in the middle, and what is stored is spread anew; nothing that was acknowledged may be lost",
  dials: {
    ...REHEARSAL_DIALS,
    drain: { option: "drain", kind: "text", default: "", meaning: "label of a shard that is then drained; none" },
  },
  defaults: { durationS: 30 },
  leastUsers: 3,
  faults: (dials) =>
    dials.at + DURING < 1 ? faultsBeneath(dials) : [`at must be below ${1 - DURING}, so that something comes after.`],
  make: (dials) => rehearse("reshard", dials, DURING * dials.durationS),
});
