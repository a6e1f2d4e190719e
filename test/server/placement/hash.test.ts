import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { negativeLog } from "../../../server/placement/exponential.ts";
import { hashBytes, hashText, leading53 } from "../../../server/placement/hash.ts";
import { jumpHash } from "../../../server/placement/jump.ts";

const out = new Uint32Array(4);

function hex(): string {
  return [...out].map((word) => word.toString(16).padStart(8, "0")).join("");
}

test("the published example of MurmurHash3 x86_128", () => {
  hashText("I will not buy this tobacconist's, it is scratched.", 0, out);
  assert.equal(hex(), "9b5b7ba2ef3f7866889adeaf00f3f98e");
});

test("SMHasher's verification value of MurmurHash3 x86_128", () => {
  // Hashes of the keys "", 0, 01, 012, … with the seeds 256, 255, …, hashed together: every tail and many seeds.
  let key = "";
  let all = "";
  for (let i = 0; i < 256; i++) {
    hashBytes(key, 256 - i, out);
    for (const byte of new Uint8Array(out.buffer)) all += String.fromCharCode(byte);
    key += String.fromCharCode(i);
  }
  hashBytes(all, 0, out);
  assert.equal(out[0], 0xb3ece62a);
});

test("a text is hashed by its UTF-8 bytes, lone surrogates as U+FFFD", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((c) => String.fromCharCode(c)) }), (text) => {
      hashText(text, 5, out);
      const got = hex();
      hashBytes(Buffer.from(text, "utf8").toString("latin1"), 5, out);
      assert.equal(got, hex());
    }),
    { examples: [["🔥"], ["\ud800x"], ["x\udc00"], ["né"]] },
  );
});

test("53 bits keep the order of the 64", () => {
  assert.equal(leading53(0xffffffff, 0xffffffff), 2 ** 53 - 1);
  assert.equal(leading53(-1, -1), 2 ** 53 - 1);
  assert.equal(leading53(1, 0), 2 ** 21);
  assert.equal(leading53(0, 0x7ff), 0);
});

test("jump consistent hash is that of the paper", () => {
  const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  fc.assert(
    fc.property(word, word, fc.integer({ min: 1, max: 2_000 }), (high, low, buckets) => {
      assert.equal(jumpHash(high, low, buckets), paperJump((BigInt(high) << 32n) | BigInt(low), buckets));
    }),
    {
      numRuns: 500,
      examples: [
        [0, 0, 1],
        [2 ** 32 - 1, 2 ** 32 - 1, 1_000],
        // The generator's next state is 0: the +1 carries from the lower word to the upper.
        [0x201997f8, 0x666313ab, 1_000],
      ],
    },
  );
});

/** Figure 1 of Lamping & Veach in 64-bit integers. */
function paperJump(key: bigint, buckets: number): number {
  let b = -1;
  let j = 0;
  while (j < buckets) {
    b = j;
    key = BigInt.asUintN(64, key * 2862933555777941757n + 1n);
    j = Math.trunc((b + 1) * (2 ** 31 / Number((key >> 33n) + 1n)));
  }
  return b;
}

test("−ln by arithmetic alone is the logarithm to 1e-12", () => {
  fc.assert(
    fc.property(fc.maxSafeInteger().map(Math.abs), (n) => {
      const u = (n + 1) / (2 ** 53 + 2);
      const exact = u > 0.5 ? -Math.log1p(u - 1) : -Math.log(u);
      assert.ok(Math.abs(negativeLog(u) / exact - 1) < 1e-12, `${u}: ${negativeLog(u)}, ${exact}`);
    }),
    { numRuns: 2_000, examples: [[0], [1], [2 ** 53 - 1], [2 ** 52]] },
  );
});
