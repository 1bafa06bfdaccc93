// When a screen that runs for weeks loads its page anew: once a night, in a quiet minute. A fresh
// page has fresh memory and the newest version. Pure.

const FROM = "03:00"; // nobody looks at a wall then, and the business day has not begun
const AT_LAST = "04:50"; // also without a quiet minute
const TO = "05:00";
const QUIET_MS = 180000; // since the last call
const NOT_BEFORE_MS = 6 * 3600000; // once a night

// `clock` is "HH:MM:SS" on the hall's wall, `age` the page's and `quiet` the time since the last
// change of the calls, in ms; `live`: the hall answers. Into a dead network nobody reloads: the
// wall would go blank.
export function timeToReload({ clock, age, quiet, live }) {
  const minute = clock.slice(0, 5);
  if (!live || age < NOT_BEFORE_MS || minute < FROM || minute >= TO) return false;
  return quiet >= QUIET_MS || minute >= AT_LAST;
}
