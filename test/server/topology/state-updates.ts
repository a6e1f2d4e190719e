import { createFileStateStore } from "../../../server/topology/file-store.ts";
import { giveBack, takeGrant } from "../../../server/topology/state.ts";

/** A process of the contract suite: so many updates of the file, each a compare-and-set; prints what it took. */
const [file = "", times = "0", mode = ""] = process.argv.slice(2);
const store = createFileStateStore(file, { patienceMs: 60_000 });
if (mode === "hold") {
  await store.update((state, now) => {
    process.stdout.write("holding\n");
    // Synchronous on purpose: the process dies inside its update.
    if (times !== "0") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(times));
    return { state: { ...state, settled: now > 0 }, result: null };
  });
} else {
  for (let i = 0; i < Number(times); i++) {
    const grant = await store.update((state, now) => {
      const wish = { now, wall: now, leaseMs: 1, incarnation: 1, avoid: new Set<number>(), above: 0n };
      const taken = takeGrant(state, wish);
      const { grant: own } = taken.result;
      return { state: giveBack(taken.state, own, BigInt(own.until)), result: own };
    });
    process.stdout.write(`${grant.from} ${grant.until}\n`);
  }
}
await store.close();
