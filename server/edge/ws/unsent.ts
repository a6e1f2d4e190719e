import type { Frame } from "../../chat/frame.ts";
import { LIMITS } from "../../protocol/frames.ts";

/** Text of frames that leave together, in characters; one frame may have more. As large as `writeAsciiFrame` takes. */
const PART_LENGTH = 65_000;

interface Waiting {
  readonly text: string;
  readonly shared: Frame | null;
  readonly onGone: (() => void) | undefined;
}

/** Frames that leave as one WebSocket message. */
export interface Part {
  readonly text: string;
  /** The frame that is all of it, when other connections send it too. */
  readonly shared: Frame | null;
  readonly onGone: (() => void) | undefined;
}

/** What is on its way to one reader and not with the kernel yet, oldest first. */
export interface Unsent {
  push(frame: string | Frame, onGone?: () => void): void;
  isEmpty(): boolean;
  /** Takes out what leaves next. */
  take(): Part;
  /** The rest does not leave in the turn in which it came: from here on its size counts. */
  keep(): void;
  /** UTF-8 bytes that are kept. */
  bytes(): number;
  /** Forgets all of it. */
  drop(): void;
}

/** @returns an empty queue */
export function createUnsent(): Unsent {
  let queue: Waiting[] = [];
  /** The first ones, whose bytes are counted: what leaves in its own turn is never measured. */
  let kept = 0;
  let bytes = 0;

  function countOfPart(): number {
    let length = 0;
    let count = 0;
    while (count < queue.length && count < LIMITS.frames) {
      length += queue[count]!.text.length + 1;
      if (count > 0 && length > PART_LENGTH) break;
      count++;
    }
    return count;
  }

  return {
    push(frame, onGone) {
      if (typeof frame === "string") queue.push({ text: frame, shared: null, onGone });
      else queue.push({ text: frame.text, shared: frame, onGone });
    },
    isEmpty: () => queue.length === 0,
    take() {
      const count = countOfPart();
      const part = count === queue.length ? queue : queue.slice(0, count);
      queue = count === queue.length ? [] : queue.slice(count);
      for (let i = 0; i < kept && i < count; i++) bytes -= Buffer.byteLength(part[i]!.text);
      kept = Math.max(0, kept - count);
      return { text: joined(part), shared: part.length === 1 ? part[0]!.shared : null, onGone: allOf(part) };
    },
    keep() {
      for (; kept < queue.length; kept++) bytes += Buffer.byteLength(queue[kept]!.text);
    },
    bytes: () => bytes,
    drop() {
      const all = queue;
      queue = [];
      kept = 0;
      bytes = 0;
      allOf(all)?.();
    },
  };
}

/** One frame alone, several as an array. */
function joined(part: readonly Waiting[]): string {
  if (part.length === 1) return part[0]!.text;
  let text = `[${part[0]!.text}`;
  for (let i = 1; i < part.length; i++) text += `,${part[i]!.text}`;
  return `${text}]`;
}

function allOf(part: readonly Waiting[]): (() => void) | undefined {
  const all = part.filter(({ onGone }) => onGone !== undefined);
  return all.length === 0 ? undefined : () => all.forEach(({ onGone }) => onGone!());
}
