import { escapeXml } from "./escape.ts";
import { STYLE } from "./style.ts";

/** The page may load nothing, whatever a dialog is called. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

export interface Page {
  readonly title: string;
  /** Of the whole: `valid` or `invalid`. */
  readonly className: string;
  /** HTML. */
  readonly body: string;
  readonly footer: string;
}

/** One HTML file without script or request, light and dark, on paper and on a phone. */
export function page({ title, className, body, footer }: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${escapeXml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main class="${className}">
${body}
<footer>${escapeXml(footer)}</footer>
</main>
</body>
</html>
`;
}
