import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import fp from "fastify-plugin";
import { atMoment, SYSTEM_EDGE_CLOCK } from "../edge-clock.ts";
import type { Guard } from "../../guard.ts";
import { ApiError } from "../http/api-error.ts";
import { createBroadcast, type Broadcast } from "./broadcast.ts";
import { createSnapshots, type LiveSources } from "./snapshot.ts";

/** Open streams at most: each costs a socket, and two kilobytes a second. */
const MOST_STREAMS = 64;

/** The page runs its own scripts and styles, talks to its own server, and sits in no frame. */
const PAGE_HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

const STREAM_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  // A proxy that gathers bytes would hold the events back.
  "x-accel-buffering": "no",
};

const CLOCK: Clock = { now: () => performance.now(), second: () => Math.floor(Date.now() / 1_000) };

type Clock = Pick<LiveSources, "now" | "second">;

export interface LiveOptions {
  /** Counters, and the clock that they are seen by; default: this process's own. */
  readonly sources: Omit<LiveSources, keyof Clock> & Partial<Clock>;
  /** True when no token is asked for. */
  readonly open: boolean;
  /** Default 1,000. */
  readonly intervalMs?: number;
  /** A stream was cut because its client did not read. */
  readonly onSlow: () => void;
  readonly guard: Guard;
}

declare module "fastify" {
  interface FastifyInstance {
    /** Open streams of the live page. */
    liveStreams(): number;
  }
}

/** The live page at `/`, its files below `/live/`, and its stream at `/v1/live`. */
export const livePage = fp(
  async (app: FastifyInstance, { guard, sources, open, intervalMs = 1_000, onSlow }: LiveOptions) => {
    const snapshots = createSnapshots({ ...CLOCK, ...sources });
    const broadcast = createBroadcast({ ...snapshots, guard, intervalMs, onSlow });
    app.decorate("liveStreams", () => broadcast.lookers());

    await app.register(fastifyStatic, {
      root: join(import.meta.dirname, "page"),
      prefix: "/live/",
      index: false,
      wildcard: false,
      setHeaders: (reply) => void reply.headers(PAGE_HEADERS),
    });
    app.get("/", (_request, reply) => reply.sendFile("index.html"));

    app.get("/v1/live/access", (_request, reply) => reply.header("cache-control", "no-store").send({ open }));

    app.get("/v1/live", {
      exposeHeadRoute: false,
      handler: async (request, reply) => {
        const until = open ? null : (await app.demandAdmin(request)).until;
        if (broadcast.lookers() >= MOST_STREAMS)
          throw new ApiError("OVERLOADED", `${MOST_STREAMS} live streams are open, and that is the most`);
        // While the server is starting there is nothing to tell, and an error can still be answered.
        snapshots.version();
        reply.hijack();
        stream(reply.raw, broadcast, until);
      },
    });
  },
  { name: "live", dependencies: ["auth", "api-errors"] },
);

/** @param until Unix seconds: nobody looks longer than their token allows; null without a token, or an end of it */
function stream(response: ServerResponse, broadcast: Broadcast, until: number | null): void {
  response.writeHead(200, STREAM_HEADERS);
  const leave = broadcast.join(response);
  const end = (): void => {
    leave();
    response.end();
  };
  const cancelEnd = until === null ? null : atMoment(SYSTEM_EDGE_CLOCK, until * 1_000, end);
  response.once("close", () => {
    cancelEnd?.();
    leave();
  });
}
