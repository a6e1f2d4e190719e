import { defineScenario } from "../scenario.ts";
import { zipf } from "./zipf.ts";

/** Readers page through dialogs over HTTP while others write; who reads is `hotshard run`, so bare k6 only writes. */
export const history = defineScenario({
  name: "history",
  story: "readers page through dialogs over HTTP beside writers of Zipf popularity",
  dials: {
    zipf: { option: "zipf", kind: "number", min: 0, max: 5, default: 0.99, meaning: "exponent of the popularity" },
    keys: { option: "keys", kind: "integer", min: 1, max: 1_000_000, default: 1_000, meaning: "distinct dialogs" },
    readRate: {
      option: "read-rate",
      kind: "number",
      min: 1,
      max: 100_000,
      default: 50,
      meaning: "pages a second, over all readers",
    },
    readers: { option: "readers", kind: "integer", min: 1, max: 1_000, default: 10, meaning: "connections that read" },
    pages: {
      option: "pages",
      kind: "integer",
      min: 1,
      max: 100,
      default: 3,
      meaning: "pages that a reader turns back in one dialog",
    },
    pageSize: { option: "page-size", kind: "integer", min: 1, max: 100, default: 50, meaning: "messages of a page" },
  },
  leastUsers: 3,
  faults: (dials) => zipf.faults(dials),
  make: (dials) => ({ ...zipf.make(dials), name: "history" }),
});
