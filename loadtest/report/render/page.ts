import { escapeXml } from "../../stats/escape.ts";
import type { Page } from "../documents/model.ts";
import { html } from "./html.ts";
import { STYLE } from "./style.ts";

/** The page may load nothing, whatever a dialog is called. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/**
 * One HTML file without script or request, light and dark, on paper and on a phone. The same input gives the same
 * bytes.
 */
export function htmlPage(page: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${escapeXml(page.title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main class="${page.isValid ? "valid" : "invalid"}">
${[head(page) + html(page.opening), ...page.parts.map(html)].join("\n")}
<footer>${escapeXml(page.footer)}</footer>
</main>
</body>
</html>
`;
}

function head({ names, where, verdict, reasons, headline, lead }: Page): string {
  const parts = [...names.map((name) => `<b>${escapeXml(name)}</b>`), ...where.map(unbrokenDate)];
  return (
    `<header><p class="where">${parts.join(" · ")}</p>` +
    html([
      ...(verdict === undefined ? [] : [{ kind: "verdict" as const, ...verdict }]),
      { kind: "list", items: reasons, look: "reasons" },
    ]) +
    `<h1>${escapeXml(headline)}</h1>${html(lead)}</header>`
  );
}

/** A date has hyphens, at which a browser breaks the line. */
const unbrokenDate = (part: string): string =>
  /^\d{4}-\d\d-\d\d\S*(?:\s\S+){0,2}$/u.test(part) ? `<time>${escapeXml(part)}</time>` : escapeXml(part);
