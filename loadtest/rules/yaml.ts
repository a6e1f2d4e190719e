/** What a rule file is made of. */
export type Yaml = string | number | boolean | readonly Yaml[] | { readonly [key: string]: Yaml };

/** Read back as the same string when it stands without quotes; `: ` and ` #` cannot occur in it. */
const PLAIN = /^[A-Za-z_./(][\w ./()+=<>^*,-]*$/u;
const RESERVED = /^(?:true|false|null|yes|no|on|off|y|n)$/iu;

/** The value as YAML 1.2 in block style, as the formatter of this repository would leave it; ends with a line break. */
export function toYaml(value: Yaml): string {
  return `${lines(value).join("\n")}\n`;
}

function lines(value: Yaml): string[] {
  if (isScalar(value)) return [scalar(value)];
  if (Array.isArray(value)) return value.flatMap((item: Yaml) => prefixed("- ", lines(item)));
  return Object.entries(value).flatMap(([key, child]) => entry(scalar(key), child));
}

function entry(key: string, child: Yaml): string[] {
  if (typeof child === "string" && child.includes("\n")) return [`${key}: |-`, ...indented(child.split("\n"))];
  if (isScalar(child)) return [`${key}: ${scalar(child)}`];
  const inner = lines(child);
  if (inner.length === 0) return [`${key}: ${Array.isArray(child) ? "[]" : "{}"}`];
  return [`${key}:`, ...indented(inner)];
}

function isScalar(value: Yaml): value is string | number | boolean {
  return typeof value !== "object";
}

function prefixed(first: string, [head = "", ...rest]: string[]): string[] {
  return [first + head, ...indented(rest)];
}

function indented(some: readonly string[]): string[] {
  return some.map((line) => (line === "" ? "" : `  ${line}`));
}

function scalar(value: string | number | boolean): string {
  if (typeof value !== "string") return String(value);
  if (PLAIN.test(value) && !RESERVED.test(value) && !value.endsWith(" ")) return value;
  return /["\\]/u.test(value) ? `'${value.replaceAll("'", "''")}'` : `"${value}"`;
}
