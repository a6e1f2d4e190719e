/** What a shard's store does with fences: the part of its contract that a membership needs. */

export interface Fence {
  readonly node: number;
  readonly incarnation: number;
  readonly epoch: number;
}
export interface ShardMark {
  readonly cluster: string | null;
  readonly epoch: number;
  readonly closedBelow: string;
}
export interface FenceRow extends Fence {
  readonly closedBelow: string;
  readonly floor: string;
  readonly silentMs: number;
}
export interface ShardStore {
  seal(epoch: number, closedBelow: bigint): Promise<void>;
  admit(fence: Fence, from: bigint): Promise<void>;
  beat(fence: Fence, floor: bigint): Promise<void>;
  retire(node: number, incarnation: number): Promise<void>;
  fences(): Promise<readonly FenceRow[]>;
}
export interface StoreSession {
  readonly mark: ShardMark;
  claim(cluster: string): Promise<ShardMark>;
  seal: ShardStore["seal"];
  admit: ShardStore["admit"];
  fences: ShardStore["fences"];
}
export type OnConnect = (session: StoreSession) => Promise<void>;
