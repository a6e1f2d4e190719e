import { hashText } from "./hash.ts";
import type { Placement } from "./contract.ts";

const words = new Uint32Array(4);

/** A placement that looks at the dialog's hash alone, not at the message id. */
export function byHash(name: string, placeWords: Placement["placeWords"]): Placement {
  return {
    name,
    byTime: false,
    byNumber: false,
    bucketMs: 0,
    seed: () => 0,
    placeWords,
    place(dialog) {
      hashText(dialog, 0, words);
      return placeWords(words[0] ?? 0, words[1] ?? 0);
    },
  };
}
