// Opening hours as few lines. Pure; `display.phone.week` is the same rule for the phone pages.

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

// Lines like "周一至周五 08:30–12:00、13:30–17:30" of [{days, open, close}]; `listed(names)` joins.
export function week(hours, text, listed) {
  const times = new Map();
  for (const { days, open, close } of hours) {
    const key = DAYS.filter((day) => days.includes(day)).join(" ");
    times.set(key, [...(times.get(key) ?? []), `${open}–${close}`]);
  }
  return [...times].map(([key, spans]) => text("kiosk.hours_line", {
    days: daysText(key.split(" "), text, listed), times: listed(spans.sort()),
  }));
}

function daysText(days, text, listed) {
  const names = days.map((day) => text(`kiosk.day_${day}`));
  const first = DAYS.indexOf(days[0]);
  const running = days.every((day, place) => day === DAYS[first + place]);
  if (days.length < 3 || !running) return listed(names);
  return text("kiosk.days", { first: names[0], last: names.at(-1) });
}
