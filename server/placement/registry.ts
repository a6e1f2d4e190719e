import { rejectFaults } from "./faults.ts";
import { jump } from "./jump.ts";
import { modulo } from "./modulo.ts";
import { range, rangeShards, refitRanges, RANGE_OPTIONS } from "./range.ts";
import { rendezvous } from "./rendezvous.ts";
import { ring, RING_OPTIONS } from "./ring.ts";
import { slots } from "./slots.ts";
import { timeBucket, TIME_BUCKET_OPTIONS } from "./time-bucket.ts";
import type { OptionTable } from "./faults.ts";
import type { PlacementFactory } from "./contract.ts";

export interface PlacementEntry {
  /** One line for people. */
  readonly about: string;
  readonly options: OptionTable;
  /** Whether shards of unequal weight are honoured; otherwise they are refused. */
  readonly weighted: boolean;
  readonly make: PlacementFactory;
  /** How many shards given options are for; absent: any number. */
  readonly shardsFor?: (options: PlacementChoice["options"]) => number;
  /** The placement, in text, when its shards change (labels, in order); absent: the same. */
  readonly refit?: (options: PlacementChoice["options"], before: readonly string[], after: readonly string[]) => string;
}

/** Every placement by its name; `slots` is the default of the server. */
export const PLACEMENTS: Readonly<Record<string, PlacementEntry>> = {
  slots: {
    about: "4,096 hash slots and a table: even, and only the ideal share moves",
    options: {},
    weighted: true,
    make: slots,
  },
  rendezvous: {
    about: "highest random weight: even, any shard may leave",
    options: {},
    weighted: true,
    make: rendezvous,
  },
  jump: {
    about: "jump consistent hash: even, grows and shrinks only at the end",
    options: {},
    weighted: false,
    make: jump,
  },
  ring: {
    about: "consistent hashing with virtual nodes: the fewer points, the more uneven",
    options: RING_OPTIONS,
    weighted: true,
    make: ring,
  },
  "time-bucket": {
    about: "hash of dialog and time: spreads a dialog's history, not the writes of one moment",
    options: TIME_BUCKET_OPTIONS,
    weighted: true,
    make: timeBucket,
  },
  range: {
    about: "boundaries over the lower user id: ids grow, so the last range burns",
    options: RANGE_OPTIONS,
    weighted: false,
    make: range,
    shardsFor: rangeShards,
    refit: refitRanges,
  },
  modulo: {
    about: "hash modulo shards: even, but nearly every dialog moves when a shard joins",
    options: {},
    weighted: false,
    make: modulo,
  },
};

/** A placement that has its name and options, but no shards yet. */
export interface PlacementChoice {
  readonly entry: PlacementEntry;
  readonly options: Readonly<Record<string, string>>;
}

/**
 * Reads `slots`, `ring:virtualNodes=1`, `range:at=1000/2000`, `name:option=value,option=value`.
 *
 * Values are judged by the factory, which knows them.
 *
 * @throws {ConfigError} BAD_PLACEMENT, for an unknown name (listing those there are) or a malformed or repeated option
 */
export function parsePlacement(text: string): PlacementChoice {
  const colon = text.indexOf(":");
  const name = colon === -1 ? text : text.slice(0, colon);
  const entry = Object.hasOwn(PLACEMENTS, name) ? PLACEMENTS[name] : undefined;
  const faults = entry === undefined ? [`no placement "${name}": there are ${Object.keys(PLACEMENTS).join(", ")}`] : [];
  const options: Record<string, string> = {};
  for (const pair of colon === -1 ? [] : text.slice(colon + 1).split(",")) {
    const [, option, value] = /^(\w+)=(.+)$/.exec(pair) ?? [];
    if (option === undefined || value === undefined) faults.push(`"${pair}" in "${text}" is not option=value`);
    else if (Object.hasOwn(options, option)) faults.push(`"${text}" gives ${option} twice`);
    else options[option] = value;
  }
  rejectFaults("BAD_PLACEMENT", faults);
  return { entry: entry!, options };
}
