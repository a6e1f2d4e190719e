import type { Block, Cell, Table, Writers } from "../documents/model.ts";
import { escapeMarkdown } from "../../stats/escape.ts";

/** @returns paragraphs; a section of none is left out with its heading */
const WRITERS: Writers<string[]> = {
  sentence: ({ text, look }) => [look === "strong" ? `# ${escapeMarkdown(text)}` : escapeMarkdown(text)],
  verdict: ({ status, words }) => [`**${status}** ${escapeMarkdown(words)}`],
  table: (one) => [...(one.caption === "" ? [] : [escapeMarkdown(`${one.caption}.`)]), table(one)],
  list({ items, look }) {
    const lines = items.map(({ name, text, note = "" }) => {
      if (look === "advice") return `- ${escapeMarkdown(`${text} ${note}`)}`;
      return `- ${name === undefined ? "" : `**${escapeMarkdown(name)}** `}${escapeMarkdown(text)}`;
    });
    return lines.length === 0 ? [] : [lines.join("\n")];
  },
  command: ({ text, name, note }) => [...(name === undefined ? [] : [escapeMarkdown(`${name}: ${note}`)]), code(text)],
  section({ heading, blocks }) {
    const parts = paragraphs(blocks);
    return parts.length === 0 ? [] : [`## ${heading}`, ...parts];
  },
  grey: ({ blocks }) => paragraphs(blocks),
  for: ({ medium, blocks }) => (medium === "markdown" ? paragraphs(blocks) : []),
  picture: () => [],
  figures: () => [],
};

/** Blocks as GitHub-flavoured Markdown, an empty line between them, and a line end. */
export const markdown = (blocks: readonly Block[]): string => `${paragraphs(blocks).join("\n\n")}\n`;

function paragraphs(blocks: readonly Block[]): string[] {
  return blocks.flatMap((block) => (WRITERS[block.kind] as (block: Block) => string[])(block));
}

/** Text as an indented code block: nothing in it is markup, however many back-ticks it has. */
function code(text: string): string {
  return `    ${text.replace(/\s+/g, " ")}`;
}

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

function table({ columns, rows }: Table): string {
  const rule = columns.map(({ isText }, at) => (at === 0 || isText === true ? ":--" : "--:"));
  const names = columns.map(({ group, name }) => (group === undefined ? name : `${group} ${name}`));
  return [line(names), line(rule), ...rows.map((row) => line(row.map(cell)))].join("\n");
}

function cell({ text, under, isStrong }: Cell): string {
  const words = escapeMarkdown(under === undefined || under === null ? text : `${text} (${under})`);
  return isStrong === true ? `**${words}**` : words;
}
