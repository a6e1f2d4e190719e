/** What a run takes a shard away by, and gives it back. */
export interface Plug {
  pull(): Promise<void>;
  putIn(): Promise<void>;
  /** It is needed no more. */
  end(): Promise<void>;
}
