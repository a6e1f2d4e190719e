/** A table of the benchmarks' page. */
export interface Section {
  readonly title: string;
  /** What was run, and what the ratios are over. */
  readonly text: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** Markdown of the page. Numbers are shown with three significant digits. @param script of npm that writes it */
export function benchmarkPage(script: string, machine: string, sections: readonly Section[]): string {
  const head = `# Benchmarks

Written by \`npm run ${script}\`; every ratio is between figures of the same run. CPU is that of the whole server process, all
threads, user and system. Other pages: [the load lab](benchmarks-lab.md), [alerts](benchmarks-alerts.md),
[what observing costs](benchmarks-observability.md), [what topology changes cost](benchmarks-topology.md).

${machine}
`;
  return [head, ...sections.map(sectionInMarkdown)].join("\n");
}

function line(cells: readonly (string | number)[]): string {
  return `| ${cells.map(cell).join(" | ")} |`;
}

/** One section, its table below its text. */
export function sectionInMarkdown({ head, rows, text, title }: Section): string {
  const table = [line(head), line(head.map((_, index) => (index === 0 ? "---" : "---:"))), ...rows.map(line)];
  return `## ${title}\n\n${text}\n\n${table.join("\n")}\n`;
}

function cell(value: string | number): string {
  if (typeof value === "string") return value;
  return Number(value.toPrecision(3)).toLocaleString("en", { maximumFractionDigits: 3 });
}
