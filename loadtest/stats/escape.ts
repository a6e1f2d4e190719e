const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** What XML 1.0 allows in no form, escaped or not, and what would turn the reading direction of a page. */
// oxlint-disable-next-line no-control-regex -- these are the characters to remove
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\u202a-\u202e\u2066-\u2069]|\p{Surrogate}/gu;

/** Text for HTML, SVG and XML, in content and in quoted attributes. */
export function escapeXml(text: string): string {
  return text.replace(FORBIDDEN, "\ufffd").replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/**
 * Text for one cell or line of GitHub-flavoured Markdown: no markup, links, mentions, HTML or line breaks come of it,
 * and it stays readable as it is. An underscore inside a word (`7_501`) is none in that dialect.
 */
export function escapeMarkdown(text: string): string {
  return text
    .replace(FORBIDDEN, "\ufffd")
    .replace(/\s+/g, " ")
    .trim()
    .replace(/[\\`*[\]<>|~]|(?<![a-z0-9])_|_(?![a-z0-9])/gi, String.raw`\$&`)
    .replace(/&/g, "&amp;")
    .replace(/@/g, "&#64;")
    .replace(/:\/\//g, ":&#47;/")
    .replace(/www\./gi, "www&#46;")
    .replace(/^(\d*)([#+.)-])(?= )/, String.raw`$1\$2`);
}

/** Text for a terminal: control characters of a foreign name must not move the cursor or change colours. */
export function escapeTerminal(text: string): string {
  return text.replace(FORBIDDEN, "\ufffd").replace(/[\u007f-\u009f\t\r\n]/g, "\ufffd");
}
