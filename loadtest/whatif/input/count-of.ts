/** Groups of three digits: all that stand between them are the same. */
const GROUPED =
  /^(\d{1,3})(?:([,.'_ ]|\u00a0|\u00c2\u00a0|\u202f|\u00e2\u0080\u00af|\u2019)\d{3}(?:\2\d{3})*)(?:\.0*)?$/u;
const PLAIN = /^\d+(?:\.\d*)?(?:e\+?\d+)?$/iu;
/** One group after a comma or a point. */
const ONE_GROUP = /^\d{1,3}[,.]\d{3}$/u;

/**
 * A count as programs write it: `1500`, `1500.00`, `1.5e3`, `1,500`, `1.500.000`.
 *
 * @param decimalComma whether the input comes from where a comma stands before the decimals: then `1.500` and `1,500`
 *   are a thousand to one program and one to another, and neither is taken
 * @returns messages, ≥ 0, or NaN for what is no whole number up to 2^53
 */
export function countOf(text: string, decimalComma = false): number {
  if (decimalComma && ONE_GROUP.test(text)) return Number.NaN;
  if (PLAIN.test(text)) return whole(Number(text));
  const [, , mark] = GROUPED.exec(text) ?? [];
  // One point alone stands before decimals.
  if (mark === undefined || (mark === "." && text.split(".").length === 2)) return Number.NaN;
  const parts = mark === "." ? [text] : text.split(".");
  return whole(Number(parts[0]!.replaceAll(mark, "")));
}

function whole(value: number): number {
  return Number.isSafeInteger(value) ? value : Number.NaN;
}
