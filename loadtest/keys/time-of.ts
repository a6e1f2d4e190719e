const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s*(Z|UTC|[+-]\d\d(?::?\d\d)?)?$/i;

/**
 * A point in time in milliseconds. ISO 8601 (without a zone: UTC), or a number, whose size tells its unit: below 10^11
 * seconds (since 1970, or since the start of a trace), below 10^14 milliseconds, below 10^17 microseconds, else nanoseconds.
 *
 * @returns NaN for anything else
 */
export function timeOf(text: string): number {
  if (/^\d+(?:\.\d+)?$/.test(text)) {
    const value = Number(text);
    if (value < 1e11) return value * 1_000;
    if (value < 1e14) return value;
    return value < 1e17 ? value / 1e3 : value / 1e6;
  }
  const match = ISO.exec(text);
  if (match === null) return Number.NaN;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "0", zone = "Z"] = match;
  const ms = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const sane = Number(month) <= 12 && Number(day) <= 31 && Number(hour) <= 24 && Number(minute) < 60;
  return sane ? ms + Number(`0.${fraction}`) * 1_000 - offsetMs(zone) : Number.NaN;
}

function offsetMs(zone: string): number {
  const [, sign, hours, minutes = "0"] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  if (sign === undefined) return 0;
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}
