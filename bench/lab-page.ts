import { sectionInMarkdown, type Section } from "./report.ts";

const HEAD = `# Benchmarks of the load lab

Written by \`npm run bench:lab\`, part by part; each says what it was measured on.
`;

/** The page with one of its sections made anew, in its old place, or at the end. */
export function labPage(before: string, section: Section, machine: string): string {
  const old = before.split(/^(?=## )/mu).slice(1);
  const fresh = sectionInMarkdown({ ...section, text: `${section.text}\n\n${machine}` });
  const at = old.findIndex((text) => text.startsWith(`## ${section.title}\n`));
  const all = at === -1 ? [...old, fresh] : old.with(at, fresh);
  return [HEAD, ...all.map((text) => `${text.trimEnd()}\n`)].join("\n");
}
