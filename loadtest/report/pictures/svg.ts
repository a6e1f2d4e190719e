import { escapeXml } from "../../stats/escape.ts";

/** A drawing of a known size; its body is SVG. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly body: string;
}

export interface Picture {
  /** Unique in the document, [a-z-]. */
  readonly id: string;
  /** What is shown, for a reader who cannot see it. */
  readonly title: string;
  /** What can be seen in it: the finding with its figures. */
  readonly description: string;
  readonly draw: (width: number) => Drawing;
}

/** Drawn twice, so that text keeps its size: for a desk and paper, and for a phone. CSS shows one of them. */
const WIDTHS = { wide: 860, narrow: 340 } as const;

/** Below this width there is no room for words beside the marks. */
export const isNarrow = (width: number): boolean => width < 500;

/** Coordinates with at most two digits after the point: enough for a screen, and half the bytes. */
export const px = (value: number): string => String(Math.round(value * 100) / 100);

export interface TextOptions {
  readonly anchor?: "start" | "middle" | "end";
  readonly className?: string;
}

/** A line of text; `y` is its base line. */
export function text(x: number, y: number, content: string, options: TextOptions = {}): string {
  const anchor = options.anchor === undefined ? "" : ` text-anchor="${options.anchor}"`;
  const className = options.className === undefined ? "" : ` class="${options.className}"`;
  return `<text x="${px(x)}" y="${px(y)}"${anchor}${className}>${escapeXml(content)}</text>`;
}

/** The same in the ink of what only explains. */
export const soft = (x: number, y: number, content: string, anchor: TextOptions["anchor"] = "start"): string =>
  text(x, y, content, { anchor, className: "soft" });

export const rect = (x: number, y: number, width: number, height: number, className: string): string =>
  `<rect class="${className}" x="${px(x)}" y="${px(y)}" width="${px(Math.max(0, width))}" height="${px(height)}"/>`;

export const line = (x1: number, y1: number, x2: number, y2: number, className: string): string =>
  `<line class="${className}" x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}"/>`;

export const dot = (x: number, y: number, radius: number, className: string): string =>
  `<circle class="${className}" cx="${px(x)}" cy="${px(y)}" r="${px(radius)}"/>`;

/** Room that a text of 12 px takes in the widest of the usual system fonts. */
export const textWidth = (content: string): number => content.length * 7.6;

/** The picture as inline SVG, with a title and a description for screen readers. */
export function inlineSvg(picture: Picture): string {
  return Object.entries(WIDTHS)
    .map(([size, room]) => {
      const { width, height, body } = picture.draw(room);
      const id = `${picture.id}-${size}`;
      return (
        `<svg class="${size}" viewBox="0 0 ${px(width)} ${px(height)}" role="img" aria-labelledby="${id}-t ${id}-d">` +
        `<title id="${id}-t">${escapeXml(picture.title)}</title>` +
        `<desc id="${id}-d">${escapeXml(picture.description)}</desc>${body}</svg>`
      );
    })
    .join("");
}
