const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s*(Z|UTC|[+-]\d\d(?::?\d\d)?)?$/i;
/** No `Date` is later (ECMA-262, 21.4.1.1). */
const LATEST_MS = 8.64e15;
const DAY_MS = 86_400_000;

/**
 * A point in time in milliseconds. ISO 8601 (without a zone: UTC), or a number, whose size tells its unit: below 10^11
 * seconds (since 1970, or since the start of a trace), below 10^14 milliseconds, below 10^17 microseconds, else
 * nanoseconds.
 *
 * @returns NaN for anything else, such as 31 February
 */
export function timeOf(text: string): number {
  if (/^\d+(?:\.\d+)?$/.test(text)) {
    const value = Number(text);
    if (value < 1e11) return value * 1_000;
    if (value < 1e14) return value;
    const ms = value < 1e17 ? value / 1e3 : value / 1e6;
    return ms <= LATEST_MS ? ms : Number.NaN;
  }
  const match = ISO.exec(text);
  if (match === null) return Number.NaN;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "0", zone = "Z"] = match;
  if (!isDay(Number(year), Number(month), Number(day))) return Number.NaN;
  const inDay =
    (Number(hour) * 60 + Number(minute)) * 60_000 + Number(second) * 1_000 + Number(`0.${fraction}`) * 1_000;
  // 24:00 is the end of a day (ISO 8601), and :60 a second that was put in.
  if (Number(minute) > 59 || Number(second) > 60 || (Number(hour) > 23 && inDay !== DAY_MS)) return Number.NaN;
  return Date.UTC(Number(year), Number(month) - 1, Number(day)) + inDay - offsetMs(zone);
}

/** `Date` makes one of the next month of a day that is none, and a year of the 20th century of one below 100. */
function isDay(year: number, month: number, day: number): boolean {
  if (year < 100 || month < 1 || month > 12 || day < 1) return false;
  return day <= 28 || new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day;
}

function offsetMs(zone: string): number {
  const [, sign, hours, minutes = "0"] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  if (sign === undefined) return 0;
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

/** Whether all of these times are whole minutes: those of counts a minute, an hour or a day, and not of messages. */
export const areWholeMinutes = (times: readonly string[]): boolean =>
  times.every((time) => timeOf(time) % 60_000 === 0);
