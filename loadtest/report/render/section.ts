import { escapeXml } from "./escape.ts";
import { inlineSvg, type Picture } from "./svg.ts";

/** A part of the report with its heading; `body` is HTML. */
export const section = (id: string, heading: string, body: string): string =>
  `<section id="${id}" aria-labelledby="${id}-h"><h2 id="${id}-h">${escapeXml(heading)}</h2>${body}</section>`;

/** A paragraph of plain text. */
export const paragraph = (content: string, className?: string): string =>
  `<p${className === undefined ? "" : ` class="${className}"`}>${escapeXml(content)}</p>`;

/** A picture with its caption; nothing when there is no picture. */
export function figure(picture: Picture | null, caption?: string): string {
  if (picture === null) return "";
  const words = caption === undefined ? "" : `<figcaption>${escapeXml(caption)}</figcaption>`;
  return `<figure>${inlineSvg(picture)}${words}</figure>`;
}

/** Percentiles of an invalid run are grey: they measure something else than the server. */
export const judged = (valid: boolean, html: string): string => (valid ? html : `<div class="grey">${html}</div>`);
