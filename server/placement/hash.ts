const C1 = 0x239b961b;
const C2 = 0xab0e9789;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93;

/**
 * MurmurHash3 x86_128 (Austin Appleby, SMHasher) of a text's UTF-8 bytes; lone surrogates count as U+FFFD.
 *
 * Own code, because k6 resolves no npm packages and the published ones are CommonJS or WebAssembly.
 *
 * @param seed unsigned 32 bits
 * @param out at least four words; takes the 128 bits, of which placements use the first 64. Passed in, so that a call
 *   allocates nothing for ASCII texts
 */
export function hashText(text: string, seed: number, out: Uint32Array): void {
  hashBytes(isAscii(text) ? text : utf8(text), seed, out);
}

/** The same of a string whose characters are bytes (code units 0 to 255). */
export function hashBytes(bytes: string, seed: number, out: Uint32Array): void {
  const length = bytes.length;
  let h1 = seed | 0;
  let h2 = h1;
  let h3 = h1;
  let h4 = h1;
  const whole = length & ~15;
  for (let i = 0; i < whole; i += 16) {
    h1 ^= scramble(wordAt(bytes, i), C1, 15, C2);
    h1 = (Math.imul(((h1 << 19) | (h1 >>> 13)) + h2, 5) + 0x561ccd1b) | 0;
    h2 ^= scramble(wordAt(bytes, i + 4), C2, 16, C3);
    h2 = (Math.imul(((h2 << 17) | (h2 >>> 15)) + h3, 5) + 0x0bcaa747) | 0;
    h3 ^= scramble(wordAt(bytes, i + 8), C3, 17, C4);
    h3 = (Math.imul(((h3 << 15) | (h3 >>> 17)) + h4, 5) + 0x96cd1c35) | 0;
    h4 ^= scramble(wordAt(bytes, i + 12), C4, 18, C1);
    h4 = (Math.imul(((h4 << 13) | (h4 >>> 19)) + h1, 5) + 0x32ac3b17) | 0;
  }
  // A missing word counts as 0, which scrambles to 0: so the tail needs no branches.
  h1 ^= scramble(tailWord(bytes, whole), C1, 15, C2) ^ length;
  h2 ^= scramble(tailWord(bytes, whole + 4), C2, 16, C3) ^ length;
  h3 ^= scramble(tailWord(bytes, whole + 8), C3, 17, C4) ^ length;
  h4 ^= scramble(tailWord(bytes, whole + 12), C4, 18, C1) ^ length;
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = mix32(h2 + h1);
  h3 = mix32(h3 + h1);
  h4 = mix32(h4 + h1);
  h1 = (mix32(h1) + h2 + h3 + h4) | 0;
  out[0] = h1;
  out[1] = h2 + h1;
  out[2] = h3 + h1;
  out[3] = h4 + h1;
}

/** MurmurHash3's 32-bit finalizer: a bijection in which every input bit changes every output bit half of the time. */
export function mix32(word: number): number {
  let h = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** @returns the 53 leading bits of the 64 in (high, low), as an integer from 0 to 2^53 − 1 */
export function leading53(high: number, low: number): number {
  return (high >>> 0) * 0x20_0000 + (low >>> 11);
}

function scramble(word: number, before: number, by: number, after: number): number {
  const k = Math.imul(word, before);
  return Math.imul((k << by) | (k >>> (32 - by)), after);
}

function wordAt(bytes: string, i: number): number {
  return (
    bytes.charCodeAt(i) |
    (bytes.charCodeAt(i + 1) << 8) |
    (bytes.charCodeAt(i + 2) << 16) |
    (bytes.charCodeAt(i + 3) << 24)
  );
}

function tailWord(bytes: string, from: number): number {
  let word = 0;
  const until = Math.min(from + 4, bytes.length);
  for (let i = until - 1; i >= from; i--) word = (word << 8) | bytes.charCodeAt(i);
  return word;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}

function utf8(text: string): string {
  let bytes = "";
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += encode(point >= 0xd800 && point <= 0xdfff ? 0xfffd : point);
  }
  return bytes;
}

function encode(point: number): string {
  if (point < 0x80) return String.fromCharCode(point);
  if (point < 0x800) return String.fromCharCode(0xc0 | (point >> 6), continuation(point));
  if (point < 0x1_0000) return String.fromCharCode(0xe0 | (point >> 12), continuation(point >> 6), continuation(point));
  return String.fromCharCode(
    0xf0 | (point >> 18),
    continuation(point >> 12),
    continuation(point >> 6),
    continuation(point),
  );
}

function continuation(bits: number): number {
  return 0x80 | (bits & 0x3f);
}
