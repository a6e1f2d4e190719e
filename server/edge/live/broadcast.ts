import type { Guard } from "../../guard.ts";

/** Bytes that may wait for a looker who does not read, before the stream is cut. */
const MOST_UNREAD_BYTES = 262_144;

/** One open stream; a `ServerResponse` is one. */
export interface Looker {
  readonly writableLength: number;
  write(text: string): unknown;
  destroy(): unknown;
}

export interface BroadcastOptions {
  readonly intervalMs: number;
  /** The first event of a stream, made for each looker. */
  readonly start: () => object;
  /** Another one when `start` tells something new: then everybody gets it anew. */
  readonly version: () => string;
  /** Made once for all lookers, every interval, only while there is one. */
  readonly snapshot: () => object;
  /** A looker who did not read was dropped. */
  readonly onSlow: () => void;
  readonly guard: Guard;
}

export interface Broadcast {
  /** @returns a function that leaves; to leave twice does no harm */
  join(looker: Looker): () => void;
  lookers(): number;
}

const event = (name: string, data: object): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

/** Sends what `snapshot` says to everybody who looks, as server-sent events. Without lookers no timer runs. */
export function createBroadcast({ guard, intervalMs, start, snapshot, onSlow, version }: BroadcastOptions): Broadcast {
  const lookers = new Set<Looker>();
  let timer: NodeJS.Timeout | null = null;
  let last = "";
  let told: string | null = null;

  const tick = guard("the live page", () => {
    const beginning = told === null || told === version() ? "" : event("start", start());
    told = version();
    last = event("snapshot", snapshot());
    for (const looker of lookers) send(looker, beginning + last);
  });

  function send(looker: Looker, text: string): void {
    if (looker.writableLength <= MOST_UNREAD_BYTES) return void looker.write(text);
    leave(looker);
    looker.destroy();
    onSlow();
  }

  function leave(looker: Looker): void {
    if (!lookers.delete(looker) || lookers.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  }

  return {
    join(looker) {
      lookers.add(looker);
      if (timer === null) {
        // Who looks now is told now.
        told = null;
        looker.write(event("start", start()));
        timer = setInterval(tick, intervalMs).unref();
        tick();
      } else looker.write(event("start", start()) + last);
      return () => leave(looker);
    },
    lookers: () => lookers.size,
  };
}
