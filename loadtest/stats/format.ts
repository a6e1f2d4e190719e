const NARROW = "\u202f";
const NONE = "–";

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** `12,467`. */
export const count = (value: number): string => grouped.format(value);

/** The same, and `–` for what is not known. */
export const countOrNone = (value: number | null | undefined): string =>
  value === null || value === undefined ? NONE : count(value);

/** `12,467`, from a million on with three digits: `2.35 M`, `1.20 G`. */
export function shortCount(value: number): string {
  if (value < 1e6) return count(value);
  return value < 999.5e6 ? `${(value / 1e6).toPrecision(3)}${NARROW}M` : `${(value / 1e9).toPrecision(3)}${NARROW}G`;
}

/** Bytes as `12 kB`, `4.1 MB`, `2.35 GB`. */
export function bytes(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(2)}${NARROW}GB`;
  return value < 1e6 ? `${Math.ceil(value / 1e3)}${NARROW}kB` : `${(value / 1e6).toFixed(1)}${NARROW}MB`;
}

/** Share 0…1 as `55.1 %`. */
export const percent = (share: number, digits = 1): string => `${(share * 100).toFixed(digits)}${NARROW}%`;

/** Growth as `+38 %` or `−12 %`; from tenfold on as a factor, `12 ×`. */
export function growth(value: number): string {
  if (value >= 9) return times(value + 1, 0);
  return `${value < 0 ? "−" : "+"}${Math.abs(value * 100).toFixed(0)}${NARROW}%`;
}

/** Ratio as `2.20 ×`. */
export const times = (ratio: number, digits = 2): string => `${ratio.toFixed(digits)}${NARROW}×`;

/** Rate as `500/s`, below ten with one digit. */
export const perSecond = (rate: number): string => `${rate < 10 ? rate.toFixed(1) : count(rate)}/s`;

/** Milliseconds with three significant digits and no unit: `0.42`, `4.21`, `42.1`, `1,420`; 0 is that of no sample. */
export function milliseconds(value: number): string {
  if (!Number.isFinite(value) || value === 0) return NONE;
  if (value >= 100) return count(value);
  if (value >= 10) return value.toFixed(1);
  return value.toFixed(2);
}

/** Milliseconds with their unit, as seconds from 10 s on. */
export function duration(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1_000).toFixed(1)}${NARROW}s`;
  const shown = milliseconds(ms);
  return shown === NONE ? NONE : `${shown}${NARROW}ms`;
}

/** Seconds to the millisecond: `17 s`, `0.7 s`. */
export const seconds = (value: number): string => `${Number(value.toFixed(3))} s`;

/** Chance as `0.31`, or `< 0.001`. */
export const chance = (p: number): string => (p < 0.001 ? "< 0.001" : p.toFixed(p < 0.1 ? 3 : 2));

/** ISO 8601 as `2026-11-22 13:05 UTC`; what is no date comes back as it is. */
export function moment(iso: string): string {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(iso) ? `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC` : iso;
}

/** `1 shard`, `4 shards`. */
export const plural = (n: number, noun: string): string => `${count(n)} ${noun}${n === 1 ? "" : "s"}`;

/**
 * Without a place to break the line: in a narrow table a broken date or interval would make its row several lines high.
 */
export function unbroken(text: string): string {
  return text.replaceAll(" ", "\u00a0");
}

/** A time to wait, rounded up: `40 s`, `3 min`. */
export function waitInWords(ms: number): string {
  return ms < 90_000 ? `${Math.ceil(ms / 1_000)} s` : `${Math.ceil(ms / 60_000)} min`;
}
