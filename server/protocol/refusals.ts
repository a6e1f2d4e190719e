interface RefusalRow {
  /** Status of the HTTP answer: 400 what cannot be meant, 404 what is not there, 409 what cannot be now. */
  readonly http: 400 | 404 | 409;
  /** What it means and what to do: one sentence for the documentation. */
  readonly meaning: string;
}

/**
 * Why an operator's change of the shards is refused; nothing has changed then. `POST /v1/shards/changes`,
 * `hotshard shards` and docs/protocol.md read this table.
 */
export const REFUSALS = {
  BAD_DIALOG: { http: 400, meaning: "That is not a dialog id: `smaller_larger` of two user ids, or `g_GROUP`." },
  BAD_PARTS: { http: 400, meaning: "A split has two or more parts; one shard is a pin." },
  BAD_PLACEMENT: { http: 400, meaning: "There is no such placement, or its options do not fit the shards." },
  BAD_SHARD_URL: { http: 400, meaning: "That is not the URL of a shard." },
  BAD_SHARE: { http: 400, meaning: "A share is a number from 0 to 1." },
  NO_SHARD: { http: 404, meaning: "There is no shard with this label." },
  NO_OVERRIDE: { http: 409, meaning: "The dialog is neither pinned nor split." },
  NOTHING_TO_DO: { http: 409, meaning: "That is how it is already." },
  EPOCH_CHANGED: { http: 409, meaning: "Another change came first. Look at what it did, then ask again." },
  MOVING: {
    http: 409,
    meaning: "Messages are being moved, or a rebalance was left half-way. Ask again when it has ended.",
  },
  NOT_MOVING: { http: 409, meaning: "This server moves no messages now." },
  SHARD_OUT: { http: 409, meaning: "A shard that was lost is not back. That goes first." },
  LAST_SHARD: { http: 409, meaning: "It is the only shard that takes writes. Add another one first." },
  NOT_WRITABLE: { http: 409, meaning: "The shard takes no writes." },
  TOO_MANY_PARTS: { http: 409, meaning: "A split needs a shard for each part." },
  TOO_MANY_SEGMENTS: { http: 409, meaning: "Too many closed segments wait. Rebalance first." },
  TOO_MANY_SHARDS: { http: 409, meaning: "A system has 64 shards at most." },
  OWNS_ROWS: { http: 409, meaning: "The shard owns messages or holds some. Drain it and rebalance first." },
  SHARD_EXISTS: { http: 409, meaning: "The database is a shard of this system already." },
  NOT_EMPTY: { http: 409, meaning: "The database holds messages. A new shard comes empty." },
  OTHER_CLUSTER: { http: 409, meaning: "The database belongs to another system." },
  BAD_DATABASE: { http: 409, meaning: "The database cannot be a shard: its tables or settings are others." },
  SHARD_UNUSABLE: { http: 409, meaning: "The file cannot be opened as a database." },
  NO_ANSWER: { http: 409, meaning: "The database of the new shard does not answer." },
} as const satisfies Record<string, RefusalRow>;

export type RefusalCode = keyof typeof REFUSALS;

export function isRefusal(code: string): code is RefusalCode {
  return Object.hasOwn(REFUSALS, code);
}
