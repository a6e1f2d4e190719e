import { rmSync } from "node:fs";
import { Writable } from "node:stream";
import type { TestContext } from "node:test";
import { pino } from "pino";
import { assemble, type Assembled, type Given } from "../../server/assemble.ts";
import { readConfig } from "../../server/config.ts";
import type { ShardStore } from "../../server/shards/contract.ts";
import { temporaryFolder, withoutFailover } from "./server.ts";

interface Running extends Assembled {
  readonly url: string;
  readonly chatUrl: string;
  /** The lines of the log. */
  readonly log: string[];
}

/** A server in this process over the test's own stores, one for each shard; listening and not open yet. */
export async function listen(
  t: TestContext,
  stores: readonly ShardStore[],
  args: readonly string[] = [],
  given: Given = {},
): Promise<Running> {
  const log: string[] = [];
  const sink = new Writable({
    write(line: Buffer, _encoding, done) {
      log.push(line.toString());
      done();
    },
  });
  const data = temporaryFolder();
  const config = readConfig(["--data", data, "--shards", String(stores.length), ...withoutFailover(args)], {});
  let index = 0;
  const storeOf = () => stores[index++]!;
  const server = await assemble(config, pino({ level: "info" }, sink), { storeOf, ...given });
  const url = await server.app.listen({ port: 0, host: "127.0.0.1" });
  t.after(async () => {
    await server.chat.stop(0);
    await server.close();
    rmSync(data, { recursive: true, force: true });
  });
  return { ...server, url, chatUrl: `${url.replace("http", "ws")}/chat`, log };
}
