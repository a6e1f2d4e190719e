import { StoreError } from "../../server/shards/contract.ts";
import type { OnConnect, ShardStore } from "../../server/shards/contract.ts";
import { createLink, type Link, type LinkParts } from "./link.ts";

const ANSWER_MS = 10_000;
const NOT_OPENED: OnConnect = () => Promise.reject(new StoreError("it has not been opened", false));

/** One process's store of a shard: writes, reads, the fence's rows and moves have a connection each, as for MySQL. */
export function createDatabaseStore(parts: Omit<LinkParts, "judge">): ShardStore {
  let onConnect = NOT_OPENED;

  const judge: LinkParts["judge"] = async (request) => {
    await onConnect({
      mark: await request((database) => database.mark()),
      claim: (cluster) => request((database) => database.claim(cluster)),
      holdsRows: () => request((database) => database.holdsRows()),
      seal: (epoch, closedBelow) => request((database) => database.seal(epoch, closedBelow)),
      admit: (fence, from) => request((database) => database.admit(fence, from)),
      fences: () => request((database) => database.fences()),
    });
  };
  const link = (): Link => createLink({ ...parts, judge });
  const writes = link();
  const reads = link();
  const control = link();
  const copies = link();
  const scans = link();
  const links = [writes, reads, control, copies, scans];
  const dropAll = (why: string): void => links.forEach((one) => one.drop(why));

  return {
    engine: "mysql",
    async open(judgment) {
      onConnect = judgment;
      await writes.command(() => {}, ANSWER_MS);
      return { crashSafe: true, settings: "a model" };
    },
    insert: (rows, fence) => writes.command((database) => database.insert(rows, fence)),
    seal: (epoch, closedBelow) => control.command((database) => database.seal(epoch, closedBelow), ANSWER_MS),
    admit: (fence, from) => control.command((database) => database.admit(fence, from), ANSWER_MS),
    beat: (fence, floor) => control.command((database) => database.beat(fence, floor), ANSWER_MS),
    retire: (node, incarnation) => control.command((database) => database.retire(node, incarnation), ANSWER_MS),
    fences: () => control.command((database) => database.fences(), ANSWER_MS),
    history: (dialog, before, limit, node) =>
      reads.command((database) => database.history(dialog, before, limit, node), ANSWER_MS),
    find: (dialog, author, client) => reads.command((database) => database.find(dialog, author, client), ANSWER_MS),
    take: (token) => copies.command((database) => database.take(token), ANSWER_MS),
    scan: (after, range, limit) => scans.command((database) => database.scan(after, range, limit), ANSWER_MS),
    copy: (rows, token) => copies.command((database) => database.copy(rows, token), ANSWER_MS),
    digest: (keys) => scans.command((database) => database.digest(keys), ANSWER_MS),
    remove: (keys, token) => copies.command((database) => database.remove(keys, token), ANSWER_MS),
    ids: (keys) => scans.command((database) => database.ids(keys), ANSWER_MS),
    audit: async () => ({ rows: 0, sum: 0 }),
    auditDialogs: async () => [],
    size: async () => ({ rows: parts.host.database.all().length, bytes: 0 }),
    connections: () => 0,
    ping: () => writes.command(() => {}, ANSWER_MS),
    abandon: () => dropAll("given up after it hung"),
    close: async () => dropAll("closed"),
  };
}
