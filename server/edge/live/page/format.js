const NARROW = "\u202f";
const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** `12,467`. @param {number} value */
export const count = (value) => grouped.format(value);

/** Share 0…1 as `55.1 %`. @param {number} share @param {number} [digits] */
export const percent = (share, digits = 1) => `${(share * 100).toFixed(digits)}${NARROW}%`;

/** Ratio as `2.20 ×`. @param {number} ratio @param {number} [digits] */
export const times = (ratio, digits = 2) => `${ratio.toFixed(digits)}${NARROW}×`;

/** From here on a headroom says no more than that there is plenty. */
const PLENTY = 1_000;
const MILLION = 1e6;

/** Growth as `+38 %` or `−12 %`; from tenfold on as a factor, `12 ×`, up to `1,000 ×`. @param {number} value */
export const growth = (value) => {
  if (value + 1 > PLENTY) return `> ${count(PLENTY)}${NARROW}×`;
  return value >= 9 ? times(value + 1, 0) : `${value < 0 ? "−" : "+"}${Math.abs(value * 100).toFixed(0)}${NARROW}%`;
};

/**
 * Rate as `500/s`, below ten with one digit, from a million on as `4.75 M/s`: a figure has half of a phone's width.
 *
 * @param {number} rate
 */
export const perSecond = (rate) => {
  if (rate >= MILLION - 0.5) return `${(rate / MILLION).toFixed(rate < 1e8 ? 2 : 0)}${NARROW}M/s`;
  return `${rate < 10 && rate > 0 ? rate.toFixed(1) : count(rate)}/s`;
};

/** Milliseconds with three significant digits. @param {number} ms */
export const duration = (ms) => `${ms >= 100 ? count(ms) : ms >= 10 ? ms.toFixed(1) : ms.toFixed(2)}${NARROW}ms`;

/** `1 shard`, `4 shards`. @param {number} n @param {string} noun */
export const plural = (n, noun) => `${count(n)} ${noun}${n === 1 ? "" : "s"}`;

/** Whole seconds as `12 s`, `3 min`, `2 h`. @param {number} seconds */
export const span = (seconds) => {
  if (seconds < 120) return `${count(seconds)}${NARROW}s`;
  return seconds < 7_200 ? `${count(seconds / 60)}${NARROW}min` : `${count(seconds / 3_600)}${NARROW}h`;
};

/** `18:32:10`. @param {number} ms Unix milliseconds */
export const clock = (ms) => new Date(ms).toLocaleTimeString("en-GB");
