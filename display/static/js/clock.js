// The hall's time, from what the server says and a monotonic clock: the device's own clock and
// time zone may be wrong. A snapshot's `observed_at` is never later than now, so it can only push
// the clock forward; an HTTP Date is "now" within a second or two, so it may also set it back.

const DATE_TOLERANCE_MS = 2000;

export class HallClock {
  constructor(monotonic = () => performance.now()) {
    this.monotonic = monotonic;
    this.base = null; // server time when the monotonic clock read 0, in ms
    this.offsetMinutes = null;
  }

  observed(at) {
    const time = Date.parse(at);
    if (Number.isNaN(time)) return;
    const zone = /([+-])(\d\d):(\d\d)$/.exec(at);
    if (zone) {
      const minutes = Number(zone[2]) * 60 + Number(zone[3]);
      this.offsetMinutes = zone[1] === "-" ? -minutes : minutes;
    }
    const base = time - this.monotonic();
    if (this.base === null || base > this.base) this.base = base;
  }

  date(header) {
    const time = Date.parse(header ?? "");
    if (Number.isNaN(time)) return;
    const base = time - this.monotonic();
    if (this.base === null || Math.abs(base - this.base) > DATE_TOLERANCE_MS) this.base = base;
  }

  // Unix milliseconds now, or null before the first observation.
  now() {
    return this.base === null ? null : this.base + this.monotonic();
  }

  // "2026-11-23" at `time`, on the hall's calendar; "" before the first observation.
  day(time = this.now()) {
    return time === null ? "" : this.local(time).slice(0, 10);
  }

  // Minutes by which the hall's wall is ahead of UTC.
  zoneMinutes(time) {
    return this.offsetMinutes ?? -new Date(time).getTimezoneOffset();
  }

  // "11月23日星期一" at the hall, in the words of `language`.
  dayText(language) {
    const now = this.now();
    if (now === null) return "";
    const here = new Date(now + this.zoneMinutes(now) * 60000); // read as UTC: the hall's wall
    return new Intl.DateTimeFormat(language, {
      month: "long", day: "numeric", weekday: "long", timeZone: "UTC",
    }).format(here);
  }

  // "10:15:30" (or with 5 characters "10:15") at `time`, on the hall's wall.
  text(time = this.now(), characters = 8) {
    if (time === null) return "";
    return this.local(time).slice(11, 11 + characters);
  }

  local(time) {
    return new Date(time + this.zoneMinutes(time) * 60000).toISOString();
  }
}

// "3:07" or "1:02:07"; negative counts as none.
export function spanText(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (parts[0] === 0) parts.shift();
  const [first, ...rest] = parts;
  return [first, ...rest.map((part) => String(part).padStart(2, "0"))].join(":");
}
