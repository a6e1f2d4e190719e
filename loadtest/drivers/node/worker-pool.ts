import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { DriveOrder, Progress } from "../contract.ts";
import type { Measurement } from "../../measurement/measurement.ts";
import { startChild } from "../../system/child.ts";
import { DriveError } from "../drive-error.ts";
import { mergeMeasurements } from "../../measurement/merge-measurements.ts";
import { machineMs } from "./clock.ts";
import { nothingMoreToCome, type Books } from "./generator.ts";
import type { FromMember, ToMember } from "./worker.ts";

/** Between the word and the start of the schedule, so that every process has heard it. */
const NOTICE_MS = 100;
const TICK_MS = 1_000;

interface Member {
  readonly process: ChildProcess;
  isConnected: boolean;
  progress: Progress | null;
  books: Books | null;
  measurement: Measurement | null;
  /** Why it ended without a measurement. */
  lost: string | null;
}

/**
 * Several generators as processes of their own, each with its lanes and their users. They start at one moment of the
 * machine's monotonic clock, by which a message that one sends and another receives is timed: all MUST run on one machine.
 *
 * A process that dies after the start is told of in `generator.lost`, and the others go on.
 *
 * @param count at least 2
 * @throws {DriveError} when somebody cannot be connected, or nobody is left
 */
export async function driveTeam(order: DriveOrder, count: number, drainMs: number): Promise<Measurement> {
  const members = Array.from({ length: count }, (_, index) => hire(order, index, count, drainMs));
  const kill = () => members.forEach(({ process: child }) => child.kill("SIGKILL"));
  const stop = () => members.forEach((member) => tell(member, { kind: "stop" }));
  order.signal?.addEventListener("abort", stop, { once: true });
  if (order.signal?.aborted === true) stop();
  const ticks = startTicks(order, members);
  try {
    await work(members);
    const parts = members.flatMap(({ measurement }) => measurement ?? []);
    const lost = members.flatMap((member) => member.lost ?? []);
    if (parts.length === 0) throw new DriveError("GENERATORS_LOST", `no generator is left: ${lost.join("; ")}.`);
    return mergeMeasurements(parts, lost);
  } finally {
    clearInterval(ticks);
    order.signal?.removeEventListener("abort", stop);
    kill();
  }
}

/** The member's program: TypeScript in a clone, compiled in the package. */
function program(): string {
  const source = fileURLToPath(new URL("./worker.ts", import.meta.url));
  return existsSync(source) ? source : source.replace(/\.ts$/u, ".js");
}

function hire(order: DriveOrder, index: number, count: number, drainMs: number): Member {
  const { onProgress: _, signal: __, generators: ___, ...plain } = order;
  const { process: child } = startChild(process.execPath, [program()], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    serialization: "advanced",
    ask: "SIGKILL",
  });
  const nothing = { isConnected: false, progress: null, books: null, measurement: null, lost: null };
  const member: Member = { process: child, ...nothing };
  tell(member, { kind: "assignment", assignment: { order: plain, index, count, drainMs } });
  return member;
}

function tell({ process: child }: Member, message: ToMember): void {
  // One that has died is found out by its exit.
  child.send(message, () => {});
}

/** Brings the members from their first connection to their measurements or deaths. */
async function work(members: readonly Member[]): Promise<void> {
  let startAt: number | null = null;
  let hasEnded = false;
  await new Promise<void>((resolve, reject) => {
    function look(): void {
      const alive = members.filter(({ lost }) => lost === null);
      if (startAt === null && alive.length === members.length && alive.every(({ isConnected }) => isConnected)) {
        startAt = machineMs() + NOTICE_MS;
        for (const member of alive) tell(member, { kind: "start", at: startAt });
      }
      const busy = alive.filter(({ measurement }) => measurement === null);
      if (busy.length === 0) resolve();
      else if (!hasEnded && isOver(busy)) {
        hasEnded = true;
        for (const member of busy) tell(member, { kind: "go home" });
      }
    }

    members.forEach((member, index) => {
      const lose = (reason: string) => {
        if (member.measurement !== null || member.lost !== null) return;
        member.lost = `generator ${index + 1} of ${members.length} ${reason}`;
        if (startAt === null) reject(new DriveError("GENERATORS_LOST", `${member.lost} before the start.`));
        else look();
      };
      member.process.on("message", (message: FromMember) => {
        if (message.kind === "failed" && message.code !== null) reject(new DriveError(message.code, message.message));
        else if (message.kind === "failed") lose(`broke: ${message.message}`);
        else {
          note(member, message);
          if (message.kind !== "progress") look();
        }
      });
      member.process.on("exit", (code, signal) => lose(`ended by itself (${signal ?? `exit code ${code}`})`));
    });
  });
}

function note(member: Member, message: Exclude<FromMember, { kind: "failed" }>): void {
  if (message.kind === "connected") member.isConnected = true;
  else if (message.kind === "progress") member.progress = message.progress;
  else if (message.kind === "books") member.books = message.books;
  else member.measurement = message.measurement;
}

/** Everybody has sent the last message, and all together nothing is missing: readers are not where authors are. */
function isOver(members: readonly Member[]): boolean {
  const books = members.flatMap((member) => member.books ?? []);
  if (books.length < members.length) return false;
  return nothingMoreToCome({
    outstanding: sum(books.map(({ outstanding }) => outstanding)),
    undelivered: sum(books.map(({ undelivered }) => undelivered)),
    silentPolls: Math.min(...books.map(({ silentPolls }) => silentPolls)),
  });
}

/** Once a second what all have done, as one. */
function startTicks({ onProgress }: DriveOrder, members: readonly Member[]): NodeJS.Timeout {
  return setInterval(() => {
    const parts = members.flatMap(({ progress }) => progress ?? []);
    const [first] = parts;
    if (first === undefined) return;
    const acked: Record<string, number> = {};
    for (const part of parts) {
      for (const [shard, count] of Object.entries(part.acked)) acked[shard] = (acked[shard] ?? 0) + count;
    }
    onProgress?.({
      ...first,
      acked,
      sent: sum(parts.map(({ sent }) => sent)),
      rate: sum(parts.map(({ rate }) => rate)),
      ...worst(parts.flatMap(({ p99Ms }) => p99Ms ?? [])),
    });
  }, TICK_MS);
}

function worst(p99s: readonly NonNullable<Progress["p99Ms"]>[]): Pick<Progress, "p99Ms"> {
  if (p99s.length === 0) return {};
  const most = (name: "sendLag" | "delivery") => Math.max(...p99s.map((p99) => p99[name]));
  return { p99Ms: { sendLag: most("sendLag"), delivery: most("delivery") } };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
