/** Levenshtein (1966): insertions, deletions and substitutions from one word to the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const substituted = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}

/** @returns the name that was probably meant: the fewest letters away, capitals aside; the first of equals */
export function nearestName(word: string, names: readonly string[]): string {
  const distance = (name: string) => editDistance(word.toLowerCase(), name.toLowerCase());
  return names.reduce((best, name) => (distance(name) < distance(best) ? name : best));
}
