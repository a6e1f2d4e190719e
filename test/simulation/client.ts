import { dialogId } from "../../server/placement/dialog.ts";
import type { HistoryMessage } from "../../server/protocol/frames.ts";
import type { Network } from "./network.ts";
import type { Random } from "./random.ts";
import type { Record, Sent } from "./record.ts";
import type { Connection, Server } from "./server.ts";
import type { Timeline } from "./timeline.ts";

/** One person who chats: sends, sends again what is unknown, and reads. */
export interface Client {
  readonly user: number;
  /** Nothing is under way, and nothing to be sent again. */
  isIdle(): boolean;
  /** From now on it sends nothing new. */
  finish(): void;
}

export interface ClientParts {
  readonly user: number;
  readonly others: readonly number[];
  readonly timeline: Timeline;
  readonly random: Random;
  readonly network: Network;
  readonly record: Record;
  /** Whether a read of this dialog at that server may miss what a newer topology brought elsewhere. */
  readonly isBlind: (server: Server, dialog: string) => boolean;
  /** Servers that can be connected to. */
  readonly servers: () => readonly Server[];
  /** Waits for each acknowledgment before it sends the next. */
  readonly isPatient: boolean;
  /** Milliseconds between two things that it does, on average. */
  readonly paceMs: number;
  /** About how long it waits for an acknowledgment, ms. */
  readonly patienceMs: number;
  readonly trace: (text: () => string) => void;
}

interface Reading {
  readonly dialog: string;
  readonly startedAt: number;
  readonly other: number;
  readonly limit: number;
  before: string | null;
}

interface Asked extends Reading {
  readonly id: string;
  readonly server: Server;
  readonly wasBlind: boolean;
}

interface Wire {
  readonly server: Server;
  readonly connection: Connection;
  isOpen: boolean;
  thereAt: number;
  hereAt: number;
}

/** What comes from the server. */
interface Incoming {
  readonly type: string;
  readonly id: string;
  readonly message: string;
  readonly dialog: string;
  readonly code: string;
  readonly from: number;
  readonly client: string;
  readonly messages: readonly HistoryMessage[];
  readonly stable: string;
  readonly next?: string;
  readonly partial?: readonly string[];
}

export function createClient(parts: ClientParts): Client {
  const { isBlind, isPatient, network, others, paceMs, patienceMs, random, record, servers, timeline, trace, user } =
    parts;
  const name = `user ${user}`;
  /** Sent and not yet acknowledged, by client id; with the receiver, and whether an answer is being waited for. */
  const open = new Map<string, { readonly sent: Sent; readonly to: number; isSent: boolean; cancel: () => void }>();
  let wire: Wire | null = null;
  let reading: Asked | null = null;
  let count = 0;
  let isFinished = false;

  function connect(): Wire | null {
    if (wire !== null) return wire;
    const open = servers().filter((server) => server.isOpen() && server.life.isAlive());
    if (open.length === 0) return null;
    const server = random.pick(open);
    const made: { -readonly [K in keyof Wire]: Wire[K] } = {
      server,
      connection: null as never,
      isOpen: true,
      thereAt: 0,
      hereAt: 0,
    };
    made.connection = server.connect(
      user,
      (frame) => {
        made.hereAt = Math.max(made.hereAt, timeline.now() + network.delay());
        network.send(server.name, name, made.hereAt - timeline.now(), () => made.isOpen && take(JSON.parse(frame)));
      },
      () => timeline.after(network.delay(), () => lose(made)),
    );
    return (wire = made);
  }

  /** What was under way may still arrive there. */
  function lose(lost: Wire): void {
    if (!lost.isOpen) return;
    lost.isOpen = false;
    network.send(name, lost.server.name, network.delay(), () => lost.server.life.enter(() => lost.connection.close()));
    if (wire !== lost) return;
    wire = null;
    reading = null;
    for (const [id, one] of open) if (one.isSent) again(id);
  }

  function send(id: string, resend: boolean): void {
    const one = open.get(id);
    if (one === undefined) return;
    const used = connect();
    if (used === null || !used.server.life.isAlive()) {
      if (used !== null) lose(used);
      one.cancel = timeline.after(random.between(50, 500), () => send(id, resend));
      return;
    }
    one.isSent = true;
    // Nobody answers: the connection is given up.
    one.cancel = timeline.after(random.between(0.5, 1.5) * patienceMs, () => lose(used));
    trace(() => `${name} sends ${id} to ${one.to} by ${used.server.name}${resend ? ", again" : ""}`);
    const frame = { type: "send", id, to: one.to, text: `${id}!`, ...(resend && { resend }) } as const;
    put(used, () => used.connection.handle(frame));
  }

  function put(used: Wire, run: () => void): void {
    used.thereAt = Math.max(used.thereAt, timeline.now() + network.delay());
    network.send(name, used.server.name, used.thereAt - timeline.now(), () => used.server.life.enter(run));
  }

  function again(id: string): void {
    const one = open.get(id)!;
    one.cancel();
    one.isSent = false;
    one.cancel = timeline.after(random.between(20, 1_000), () => send(id, true));
  }

  function take(frame: Incoming): void {
    if (frame.type === "ack") acknowledge(frame);
    else if (frame.type === "error") refused(frame);
    else if (frame.type === "history") readPage(frame);
    else if (frame.type === "message") {
      record.live.push({ dialog: frame.dialog, author: frame.from, client: frame.client, id: frame.message });
    }
  }

  function acknowledge({ id, message }: Incoming): void {
    const one = open.get(id);
    if (one === undefined) return;
    trace(() => `${name} has ${id} acknowledged as ${message}`);
    one.cancel();
    open.delete(id);
    one.sent.ackedAt ??= timeline.now();
    one.sent.ids.push(message);
  }

  function refused({ code, id }: Incoming): void {
    trace(() => `${name} is told ${code} of ${id}`);
    if (id === reading?.id) reading = null;
    if (!open.has(id)) return;
    if (wire !== null && random.chance(0.3)) lose(wire);
    else again(id);
  }

  function begin(): void {
    const to = random.pick(others);
    const id = `${user}.${++count}`;
    const sent: Sent = {
      dialog: dialogId(user, to),
      author: user,
      client: id,
      at: timeline.now(),
      ackedAt: null,
      ids: [],
    };
    record.sent.push(sent);
    open.set(id, { sent, to, isSent: false, cancel: () => {} });
    send(id, false);
  }

  function read(asked: Reading): void {
    const used = connect();
    if (used === null) return;
    const id = `${user}.r${++count}`;
    reading = { ...asked, id, server: used.server, wasBlind: isBlind(used.server, asked.dialog) };
    const { before, limit, other } = asked;
    const frame = { type: "history", id, with: other, limit, ...(before !== null && { before }) } as const;
    put(used, () => used.connection.handle(frame));
  }

  function readPage({ id, messages, partial = [], stable, ...page }: Incoming): void {
    if (reading === null || id !== reading.id) return;
    const { before, dialog, startedAt } = reading;
    const next = page.next ?? null;
    const isNow = reading.wasBlind || isBlind(reading.server, dialog);
    record.pages.push({ dialog, by: name, startedAt, before, messages, stable, next, partial, isBlind: isNow });
    trace(() => `${name} reads ${messages.map((one) => one.client).join(" ")} below ${before} (stable ${stable})`);
    const asked = reading;
    reading = null;
    if (next !== null) read({ ...asked, startedAt: timeline.now(), before: next });
  }

  function act(): void {
    if (isFinished) return;
    timeline.after(-Math.log(1 - random.next()) * paceMs, act);
    if (random.chance(0.3)) {
      if (reading !== null) return;
      const other = random.pick(others);
      const limit = random.chance(0.3) ? 3 : 50;
      read({ dialog: dialogId(user, other), startedAt: timeline.now(), other, limit, before: null });
    } else if (isPatient) {
      if (open.size === 0) begin();
    } else if (open.size < 6) {
      const burst = random.chance(0.3) ? 3 : 1;
      for (let i = 0; i < burst; i++) begin();
    }
  }

  timeline.after(random.between(0, paceMs), act);
  return { user, isIdle: () => open.size === 0, finish: () => void (isFinished = true) };
}
