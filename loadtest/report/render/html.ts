import type { Block, Cell, Figure, Head, Item, Table, Writers } from "../documents/model.ts";
import { escapeXml } from "../../stats/escape.ts";
import { inlineSvg } from "../pictures/svg.ts";

const WRITERS: Writers<string> = {
  sentence: ({ text, look }) => `<p${classOf(look)}>${escapeXml(text)}</p>`,
  table,
  verdict: ({ status, words }) =>
    `<p class="verdict"><span class="status">${escapeXml(status)}</span> <span>${escapeXml(words)}</span></p>`,
  picture({ picture, caption }) {
    if (picture === null) return "";
    const words = caption === undefined ? "" : `<figcaption>${escapeXml(caption)}</figcaption>`;
    return `<figure>${inlineSvg(picture)}${words}</figure>`;
  },
  list: ({ items, look }) => (items.length === 0 ? "" : list(items, look)),
  command: ({ text, name, note = "" }) =>
    (name === undefined ? "" : `<p><b>${escapeXml(name)}</b> ${escapeXml(note)}</p>`) +
    `<pre><code>${escapeXml(text)}</code></pre>`,
  figures: ({ figures, areMany }) =>
    `<dl class="figures${areMany ? " many" : ""}">${figures.map(figure).join("")}</dl>`,
  section: ({ id, heading, blocks }) =>
    `<section id="${id}" aria-labelledby="${id}-h"><h2 id="${id}-h">${escapeXml(heading)}</h2>` +
    `${html(blocks)}</section>`,
  grey: ({ blocks }) => `<div class="grey">${html(blocks)}</div>`,
  for: ({ medium, blocks }) => (medium === "page" ? html(blocks) : ""),
};

/** Blocks as HTML, one after the other. */
export function html(blocks: readonly Block[]): string {
  return blocks.map((block) => (WRITERS[block.kind] as (block: Block) => string)(block)).join("");
}

function classOf(name: string | undefined): string {
  return name === undefined || name === "" ? "" : ` class="${name}"`;
}

function list(items: readonly Item[], look: "reasons" | "advice" | undefined): string {
  const tag = look === "advice" ? "ol" : "ul";
  const lines = items.map(({ name, text, note }) => {
    if (look === "advice") {
      const soft = `<span class="soft">${escapeXml(note ?? "")}</span>`;
      return `<li><b>${escapeXml(name ?? "")}</b><span>${escapeXml(text)} ${soft}</span></li>`;
    }
    return `<li>${name === undefined ? "" : `<b>${escapeXml(name)}</b> `}${escapeXml(text)}</li>`;
  });
  return `<${tag}${classOf(look)}>${lines.join("")}</${tag}>`;
}

function figure({ name, value, note, isHot, picture, isGrey }: Figure): string {
  return (
    `<div${isGrey === true ? ' class="grey"' : ""}><dt>${escapeXml(name)}</dt>` +
    `<dd${isHot === true ? ' class="hot"' : ""}>${escapeXml(value)}</dd>` +
    `<dd class="note">${escapeXml(note)}${picture === undefined ? "" : inlineSvg(picture)}</dd></div>`
  );
}

/** An accessible table: caption, column and row scopes. */
function table({ caption, className, columns, rows, marked }: Table): string {
  const names = columns.map(
    (head, at) => `<th scope="col"${classOf(isText(head, at) ? "words" : "")}>${escapeXml(head.name)}</th>`,
  );
  const body = rows.map((row, index) => {
    const cells = row.map((shown, at) => cell(shown, at, isText(columns[at]!, at)));
    return `<tr${classOf(marked.has(index) ? "now" : "")}>${cells.join("")}</tr>`;
  });
  return (
    `<div class="scroll" tabindex="0" role="region" aria-label="${escapeXml(caption)}"><table${classOf(className)}>` +
    `<caption>${escapeXml(caption)}</caption><thead>${groupRow(columns)}<tr>${names.join("")}</tr></thead>` +
    `<tbody>${body.join("")}</tbody></table></div>`
  );
}

const isText = ({ isText: words }: Head, at: number): boolean => at === 0 || words === true;

/** A row above the heads: names over several columns. */
function groupRow(columns: readonly Head[]): string {
  if (columns.every(({ group }) => group === undefined)) return "";
  const groups: { name: string; columns: number }[] = [];
  for (const { group = "" } of columns) {
    const last = groups.at(-1);
    if (last?.name === group) last.columns += 1;
    else groups.push({ name: group, columns: 1 });
  }
  const cells = groups.map(({ name, columns: wide }) =>
    name === "" ? `<td colspan="${wide}"></td>` : `<th scope="colgroup" colspan="${wide}">${escapeXml(name)}</th>`,
  );
  return `<tr class="groups">${cells.join("")}</tr>`;
}

function cell({ text, under, look, breaks }: Cell, at: number, words: boolean): string {
  const name = breaks === true ? escapeXml(text).replaceAll(":", ":<wbr>") : escapeXml(text);
  const inner = name + (under === undefined || under === null ? "" : `<small>${escapeXml(under)}</small>`);
  const names = [words ? "words" : "", look ?? ""].filter((one) => one !== "").join(" ");
  return at === 0 ? `<th scope="row"${classOf(names)}>${inner}</th>` : `<td${classOf(names)}>${inner}</td>`;
}
