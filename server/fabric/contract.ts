/**
 * Frames for users who are connected to other nodes. At most once: what is missed is read from history. A frame leaves
 * in the order in which its node published, and never comes back to it.
 */
export interface Delivery {
  /** Never throws into the sender. @param users whose connections get it, of those on other nodes */
  publish(users: readonly number[], frame: string): void;
  /** @param run takes what other nodes publish; one of them a node */
  onDeliver(run: (users: readonly number[], frame: string) => void): void;
}
