/**
 * What the audit hashes for one message. The first 24 bits of its md5 are summed per shard: at 2^24 − 1 each, 537
 * million messages stay exact in a double.
 */
export function auditKey(dialog: string, author: number, client: string): string {
  return `${dialog}:${author}:${client}`;
}

/** The first 24 bits of an md5 in hexadecimal, as a number from 0 to 2^24 − 1. */
export function auditBits(md5: string): number {
  return Number.parseInt(md5.slice(0, 6), 16);
}
