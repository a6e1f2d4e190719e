import type { FailedMessage } from "../measurement/failed-messages.ts";
import type { MessageCounts } from "../measurement/message-counts.ts";
import type { Phase } from "../traffic/text.ts";

/** Where a ledger counts. Durations are milliseconds; of the warm-up they are told apart by the phase. */
export interface Books {
  /** Those of now; they are added to. */
  readonly counts: MessageCounts & { readonly errors: Record<string, number> };
  /** A message that was not acknowledged. */
  addFailed(message: FailedMessage): void;
  /** @param bits of its audit key; `isOffline`: its reader never connects */
  addAck(shard: string, bytes: number, bits: number, isOffline: boolean): void;
  addCommit(shard: string, phase: Phase, ms: number): void;
  addDelivery(shard: string, phase: Phase, isHot: boolean, deliveryMs: number, serviceMs: number): void;
  addSendLag(phase: Phase, ms: number): void;
  /** An action of nothing came so late. */
  addNoop(phase: Phase, ms: number): void;
}
