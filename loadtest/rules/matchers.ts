/** One condition of a selector: `{job=~"db|cache"}` has one. */
export interface Matcher {
  readonly name: string;
  readonly operator: "=" | "!=" | "=~" | "!~";
  readonly value: string;
}

const MATCHER = /\s*(\w+)\s*(=~|!~|!=|=)\s*("(?:[^"\\\n]|\\.)*")\s*(?:,|$)/uy;
/** What a regular expression leaves open, as in `db-.*`. */
const OPEN = /\.[*+]|\\d[*+]?|\[0-9\][*+]?/gu;
/** Names that are tried before none is found. */
const SPARE = 20;

/**
 * @param selector matchers with their braces, or the empty string
 * @returns null when it is none, or its values are not in double quotes
 */
export function parseMatchers(selector: string): Matcher[] | null {
  const inside = selector.replace(/^\{(.*)\}$/u, "$1").trim();
  const matchers: Matcher[] = [];
  MATCHER.lastIndex = 0;
  while (MATCHER.lastIndex < inside.length) {
    const [, name, operator, quoted] = MATCHER.exec(inside) ?? [];
    const value = unquoted(quoted);
    if (value === null) return null;
    matchers.push({ name: name!, operator: operator as Matcher["operator"], value });
  }
  return matchers;
}

function unquoted(text: string | undefined): string | null {
  try {
    return JSON.parse(text ?? "") as string;
  } catch {
    return null;
  }
}

/**
 * Values of one label that all of its matchers let through.
 *
 * @returns at most `count`, of the form of what the matchers name; fewer when no more are found
 */
export function examplesOf(matchers: readonly Matcher[], count: number): string[] {
  const numbers = Array.from({ length: count + SPARE }, (_, index) => String(index).padStart(2, "0"));
  const named = matchers.flatMap(({ operator, value }) => {
    if (operator === "=") return [value];
    if (operator !== "=~") return [];
    return value.split("|").flatMap((form) => numbers.map((number) => form.replaceAll(OPEN, number)));
  });
  const found = [...named, ...numbers].filter((value) => matchers.every((matcher) => accepts(matcher, value)));
  return [...new Set(found)].slice(0, count);
}

/** As Prometheus matches: the whole value; a label that is not there is the empty string. */
export function accepts({ operator, value }: Matcher, label: string): boolean {
  if (operator === "=" || operator === "!=") return (label === value) === (operator === "=");
  try {
    return new RegExp(`^(?:${value})$`, "su").test(label) === (operator === "=~");
  } catch {
    // RE2 knows what JavaScript does not, such as (?i) before the rest.
    return false;
  }
}
