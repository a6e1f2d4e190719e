import type { Section } from "./report.ts";

/** Measures a part, and says on stderr what is measured and what it came to. */
export async function say(what: string, measure: () => Section | Promise<Section>): Promise<Section> {
  process.stderr.write(`bench: ${what} …\n`);
  const section = await measure();
  process.stderr.write(`${section.rows.map((row) => `  ${row.join("  ")}`).join("\n")}\n`);
  return section;
}
