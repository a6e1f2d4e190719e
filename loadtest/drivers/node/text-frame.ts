/** Final fragment, text. */
const TEXT = "\x81";
const NO_MASK = "\0\0\0\0";
const MASKED = 0x80;
/** Length fields: up to 125 itself, then 16 bits, then 64. */
const IN_16_BITS = 126;
const IN_64_BITS = 127;

/**
 * A client's WebSocket frame (RFC 6455, 5.2) as a string of bytes, to be written as Latin-1: one copy and one system
 * call, where `ws` makes a header, a payload and a vector of both. Its frames and these may follow each other on one
 * socket.
 *
 * Masking guards proxies against scripts in browsers. A mask of zeros is legal and spares a pass over every byte.
 *
 * @param text ASCII
 */
export function textFrame(text: string): string {
  return TEXT + lengthOf(text.length) + NO_MASK + text;
}

function lengthOf(length: number): string {
  if (length < IN_16_BITS) return String.fromCharCode(MASKED | length);
  if (length < 2 ** 16) return String.fromCharCode(MASKED | IN_16_BITS, length >>> 8, length & 0xff);
  const bytes = Array.from({ length: 8 }, (_, index) => Math.floor(length / 2 ** (8 * (7 - index))) & 0xff);
  return String.fromCharCode(MASKED | IN_64_BITS, ...bytes);
}
