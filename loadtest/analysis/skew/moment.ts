import { composeId, ID_EPOCH_MS } from "../../../server/placement/message-id.ts";

/** A moment to ask `time-bucket` for, which spreads a dialog over time; the other placements do not look at it. */
export const SOME_MOMENT = composeId(ID_EPOCH_MS + 86_400_000, 0, 0);
