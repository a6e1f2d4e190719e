import type { Duplex } from "node:stream";
import type { Frame } from "../../chat/frame.ts";

/** Larger payloads would need the third form of the length. */
const MOST_BYTES = 65_535;

/**
 * Writes an ASCII text as one unmasked WebSocket frame (RFC 6455, section 5.2), in a single chunk that is never copied
 * to a buffer first: half of the cost of `send` of ws, which writes header and payload apart.
 *
 * @param stream the socket below an open WebSocket without extensions
 * @returns false when nothing was written, because the text is not ASCII or too large
 */
export function writeAsciiFrame(stream: Duplex, text: string): boolean {
  const bytes = text.length;
  if (bytes > MOST_BYTES || Buffer.byteLength(text) !== bytes) return false;
  const length = bytes < 126 ? String.fromCharCode(bytes) : String.fromCharCode(126, bytes >> 8, bytes & 255);
  stream.write(`\u0081${length}${text}`, "latin1");
  return true;
}

/**
 * A frame that many connections send, as one unmasked WebSocket frame (RFC 6455, section 5.2). The first connection
 * makes it, and the others send the same bytes.
 */
export function wireOf(frame: Frame): Buffer {
  return (frame.wire ??= encode(frame.text));
}

function encode(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const header = length < 126 ? 2 : length <= MOST_BYTES ? 4 : 10;
  const bytes = Buffer.allocUnsafe(header + length);
  bytes[0] = 0x81;
  bytes[1] = header === 2 ? length : header === 4 ? 126 : 127;
  if (header === 4) bytes.writeUInt16BE(length, 2);
  if (header === 10) bytes.writeBigUInt64BE(BigInt(length), 2);
  bytes.write(text, header);
  return bytes;
}
