import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { Duplex } from "node:stream";
import { test } from "node:test";
import type { WebSocket } from "ws";
import { createOutbox } from "../../../../server/chat/outbox.ts";
import { createSession } from "../../../../server/edge/ws/session.ts";
import type { ErrorCode } from "../../../../server/protocol/errors.ts";
import { NO_GUARD } from "../../../support/no-guard.ts";
import { virtualClock } from "../../../support/virtual-clock.ts";

const FRAME = JSON.stringify({ type: "message", text: "x".repeat(4_000) });
const PATIENCE = { unreadMs: 30_000, unreadBytes: 1_000_000 };

/** A connection whose line takes nothing until it is told to. */
function connection() {
  const taken: string[] = [];
  const lines: { chunk: Buffer; done: () => void }[] = [];
  const stream = new Duplex({
    writableHighWaterMark: 65_536,
    decodeStrings: true,
    read() {},
    write: (chunk: Buffer, _encoding, done) => void lines.push({ chunk, done }),
  });
  const closes: number[] = [];
  const socket = Object.assign(new EventEmitter(), {
    OPEN: 1,
    readyState: 1,
    send(text: string, onGone?: () => void) {
      stream.write(text, onGone);
    },
    ping() {},
    terminate() {},
    close(code: number) {
      closes.push(code);
      this.readyState = 2;
    },
  });
  const errors: ErrorCode[] = [];
  const clock = virtualClock();
  const session = createSession({
    id: "1",
    socket: socket as unknown as WebSocket,
    stream,
    chat: {
      outbox: createOutbox(() => {}, NO_GUARD),
      answered: (code) => void errors.push(code),
      leave: () => {},
    },
    clock,
    patience: PATIENCE,
  });

  /** The line takes one write. @returns false when there was none */
  async function takeOne(): Promise<boolean> {
    const line = lines.shift();
    if (line === undefined) return false;
    taken.push(line.chunk.toString("latin1").replace(/^\u0081(?:~..|[^~\u007f])/su, ""));
    line.done();
    await clock.turn();
    return true;
  }

  async function takeAll(): Promise<void> {
    while (await takeOne());
  }

  return { clock, closes, errors, session, socket, taken, takeOne, takeAll };
}

/** Frames of all messages that the line took, in order. */
function framesOf(taken: readonly string[]): unknown[] {
  return taken.flatMap((text) => JSON.parse(text) as unknown);
}

test("a reader on a slow line who reads all the time is not cut off, however long all of it takes", async () => {
  const { clock, closes, session, takeOne, takeAll, taken } = connection();
  for (let i = 0; i < 200; i++) session.send(JSON.stringify({ i, text: "y".repeat(4_000) }));
  await clock.turn();
  // 64 KB in 14 s, and the stream is full with two such parts: 800 KB take three minutes.
  let seconds = 0;
  for (let i = 0; i < 12; i++) {
    await clock.advance(14_000);
    seconds += 14;
    session.ping("1");
    assert.equal(await takeOne(), true);
    session.send(FRAME);
    await clock.turn();
  }
  assert.ok(seconds > (5 * PATIENCE.unreadMs) / 1_000);
  assert.deepEqual(closes, []);
  await takeAll();
  const numbers = framesOf(taken).flatMap((frame) => (frame as { i?: number }).i ?? []);
  assert.deepEqual(
    numbers,
    Array.from({ length: 200 }, (_, i) => i),
  );
});

test("a reader who takes nothing is cut off in time, though no frame and no ping comes any more", async () => {
  const { clock, closes, errors, session } = connection();
  for (let i = 0; i < 50; i++) session.send(FRAME);
  await clock.turn();
  await clock.advance(30_000);
  session.ping("1");
  assert.deepEqual(closes, [], "not yet");
  await clock.advance(1);
  assert.deepEqual([closes, errors], [[4101], ["SLOW_READER"]]);
  assert.equal(session.isOpen(), false);
  assert.equal(clock.timers(), 0);
});

test("what has left does not count", async () => {
  const { clock, closes, session, takeAll } = connection();
  for (let i = 0; i < 50; i++) session.send(FRAME);
  await clock.turn();
  await clock.advance(29_000);
  await takeAll();
  for (let i = 0; i < 50; i++) session.send(FRAME);
  await clock.turn();
  await clock.advance(29_000);
  session.ping("1");
  assert.deepEqual(closes, []);
});

test("more bytes than the server keeps for one reader cut it off at once", async () => {
  const { clock, closes, session } = connection();
  let sent = 0;
  for (; closes.length === 0; sent++) {
    session.send(FRAME);
    await clock.turn();
  }
  const bytes = sent * FRAME.length;
  assert.ok(bytes > PATIENCE.unreadBytes && bytes < PATIENCE.unreadBytes + 200_000, `${bytes}`);
});

test("whoever waits for a frame to leave is told when it has, or when it never will", async () => {
  const { clock, session, socket, takeAll } = connection();
  const gone: string[] = [];
  const seen = () => [...gone];
  for (let i = 0; i < 50; i++) session.send(FRAME);
  session.send(FRAME, () => gone.push("left"));
  await clock.turn();
  assert.deepEqual(seen(), []);
  await takeAll();
  assert.deepEqual(seen(), ["left"]);
  for (let i = 0; i < 50; i++) session.send(FRAME);
  session.send(FRAME, () => gone.push("never"));
  await clock.turn();
  socket.emit("close");
  session.send(FRAME, () => gone.push("closed"));
  assert.deepEqual(seen(), ["left", "never", "closed"]);
});

test("a close sends what is queued first, also past a line that is full", async () => {
  const { clock, closes, session, takeAll, taken } = connection();
  for (let i = 0; i < 100; i++) session.send(FRAME);
  await clock.turn();
  session.fail("SHUTTING_DOWN", "the server is stopping");
  assert.deepEqual(closes, [4100]);
  await takeAll();
  const frames = framesOf(taken) as { code?: string }[];
  assert.equal(frames.length, 101);
  assert.equal(frames.at(-1)!.code, "SHUTTING_DOWN");
});
