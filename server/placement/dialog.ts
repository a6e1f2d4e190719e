const DIALOG = /^(?:g_([1-9]\d{0,15})|([1-9]\d{0,15})_([1-9]\d{0,15}))$/;

const UNDERSCORE = 95;

/** What a dialog id says: its two users, the smaller first, or its group. */
export type DialogParts = { readonly users: readonly [number, number] } | { readonly group: number };

/**
 * Id of the conversation of two users: `min_max`, compared as numbers. The same for (a, b) and (b, a), different for
 * every other pair.
 *
 * @param a user id, an integer from 1 to 2^53 − 1
 * @param b another one
 * @throws {RangeError} for anything else, and for a user with itself
 */
export function dialogId(a: number, b: number): string {
  checkId(a);
  checkId(b);
  if (a === b) throw new RangeError(`a dialog needs two users, got ${a} twice`);
  return a < b ? `${a}_${b}` : `${b}_${a}`;
}

/**
 * @param group group id, an integer from 1 to 2^53 − 1
 * @throws {RangeError} for anything else
 */
export function groupDialogId(group: number): string {
  checkId(group);
  return `g_${group}`;
}

/** @returns the parts, or null unless `dialog` is exactly what `dialogId` or `groupDialogId` would write */
export function parseDialog(dialog: string): DialogParts | null {
  const match = DIALOG.exec(dialog);
  if (match === null) return null;
  if (match[1] !== undefined) {
    const group = Number(match[1]);
    return Number.isSafeInteger(group) ? { group } : null;
  }
  const a = Number(match[2]);
  const b = Number(match[3]);
  return a < b && Number.isSafeInteger(b) ? { users: [a, b] } : null;
}

/**
 * The number that a placement by ranges goes by: the lower user id of `min_max`, the id of a group `g_<id>`, which has
 * no users of its own, and of a key that is a number alone that number. Allocates nothing.
 *
 * @returns 1 to 2^53 − 1; 0 for any other text
 */
export function dialogNumber(dialog: string): number {
  const isGroup = dialog.startsWith("g_");
  let first = 0;
  let number = 0;
  for (let i = isGroup ? 2 : 0; i < dialog.length; i++) {
    const code = dialog.charCodeAt(i);
    if (code >= 48 && code <= 57) number = number * 10 + (code - 48);
    else if (code === UNDERSCORE && !isGroup && first === 0 && number > 0) {
      first = number;
      number = 0;
    } else return 0;
  }
  const lower = first === 0 ? number : Math.min(first, number);
  return lower <= Number.MAX_SAFE_INTEGER ? lower : 0;
}

function checkId(id: number): void {
  if (!Number.isSafeInteger(id) || id < 1) throw new RangeError(`an id is an integer from 1 to 2^53 − 1, got ${id}`);
}
