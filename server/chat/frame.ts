/** One frame of the server. Many connections may share it, and what the first of them makes of it for the wire. */
export interface Frame {
  /** JSON. */
  readonly text: string;
  /** As the edge sends it, when it is sent alone; null until a connection has made it. */
  wire: Buffer | null;
}

/** A frame for many readers. */
export function createFrame(text: string): Frame {
  return { text, wire: null };
}
