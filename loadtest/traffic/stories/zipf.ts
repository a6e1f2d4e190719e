import type { Story } from "../contract.ts";
import { dealLanes, onlineUsers } from "../lanes.ts";
import { rankDialogs } from "../ranked-dialogs.ts";
import type { RankedDialogs } from "../ranked-dialogs.ts";
import { defineScenario } from "../scenario.ts";
import type { DialsOf } from "../scenario.ts";
import { createZipf, weightOf, zipfMass } from "../../stats/zipf.ts";
import { MAX_OVER_MEAN } from "./max-over-mean.ts";
import { aimZipf } from "./zipf-aim.ts";

const OWN_DIALS = {
  zipf: {
    option: "zipf",
    kind: "number",
    min: 0,
    max: 5,
    default: 0.99,
    meaning: "exponent s: the dialog of rank r gets messages in proportion to r^-s",
  },
  keys: { option: "keys", kind: "integer", min: 1, max: 1_000_000, default: 10_000, meaning: "distinct dialogs" },
  spread: {
    option: "spread",
    kind: "choice",
    choices: ["natural", "even", "together"],
    default: "natural",
    meaning: "how the hottest ranks fall on the shards: as hashed, dealt out evenly, or all on one",
  },
  maxOverMean: MAX_OVER_MEAN,
  headPlaces: {
    option: "head-places",
    kind: "text",
    derived: true,
    default: "",
    meaning: "which dialogs carry the hottest ranks: `place,,place`, empty for a rank's own",
  },
} as const;

/** The dials of `zipf`. */
export type ZipfDials = DialsOf<typeof OWN_DIALS>;

/**
 * Dialogs with a popularity ∝ rank^−s. Each belongs to one author, and so to one lane: the ranks of a lane are every
 * 16th, which is a Zipf–Mandelbrot law of its own.
 */
export const zipf = defineScenario({
  name: "zipf",
  story: "dialogs of a popularity that falls with their rank, as words do in a language",
  dials: OWN_DIALS,
  leastUsers: 3,
  faults(dials) {
    const { most } = rankDialogs(dials);
    if (dials.keys <= most) return [];
    return [`keys must be at most ${most} with these users and offline-share, not ${dials.keys}: raise users.`];
  },
  aim: {
    needed: ({ maxOverMean, spread, headPlaces }) => headPlaces === "" && (maxOverMean > 0 || spread !== "natural"),
    at: aimZipf,
  },
  make(dials): Story {
    const ranked = rankDialogs(dials);
    const { keys, zipf: exponent } = dials;
    const head = readHead(dials.headPlaces);
    const sideOf = (rank: number) => sideAt(ranked, head, rank - 1);
    const top = sideOf(1);
    const total = zipfMass({ exponent, keys, shift: 0 });
    return {
      name: "zipf",
      online: onlineUsers(dials),
      users: dials.users,
      askedShare: 1 / total,
      isHot: (author, to) => author === top.author && to === top.to,
      popularity: { exponent, keys, dialog: sideOf },
      lanes: () =>
        dealLanes(dials, ({ index, random }) => {
          const places = Math.ceil((keys - index) / ranked.lanes);
          if (places <= 0) return { rate: 0, draw: () => top };
          // Rank r = lanes × (k − 1) + index + 1 for the k-th place of the lane.
          const law = { exponent, keys: places, shift: (index + 1) / ranked.lanes - 1 };
          const share = (zipfMass(law) * weightOf({ ...law, shift: 0 })(ranked.lanes)) / total;
          const draw = createZipf(law);
          return {
            rate: dials.rate * share,
            draw: () => sideAt(ranked, head, (draw(random) - 1) * ranked.lanes + index),
          };
        }),
    };
  },
});

/** Places by rank from 0; −1 where a rank keeps its own. */
function readHead(text: string): readonly number[] {
  return text === "" ? [] : text.split(",").map((place) => (place === "" ? -1 : Number(place)));
}

function sideAt(ranked: RankedDialogs, head: readonly number[], rank: number) {
  const other = head[rank] ?? -1;
  return ranked.at(rank % ranked.lanes, other >= 0 ? other : Math.floor(rank / ranked.lanes));
}
