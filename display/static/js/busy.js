// How busy it is against what is usual. The rule is explained in display/busy.py; both run the
// same vectors in the tests.

const MARGIN = 3;
const MARGIN_PERCENT = 30;
const CHART_HEIGHT = 40;
const BAR_WIDTH = 10;

export function level(waiting, usual) {
  const difference = waiting - usual;
  const margin = Math.max(100 * MARGIN, MARGIN_PERCENT * usual);
  if (difference === 0 || 100 * Math.abs(difference) < margin) return "usual";
  return difference > 0 ? "busier" : "quieter";
}

// `usual`: "9:0,4,8,12 10:…", by hour and quarter; `at`: "2026-11-23T10:15:30+08:00". Null if
// nobody can say.
export function usualAt(usual, at) {
  const hour = Number(at.slice(11, 13));
  const found = usual.split(" ").find((one) => one.split(":")[0] === String(hour));
  const quarter = Math.floor(Number(at.slice(14, 16)) / 15);
  return found ? Number(found.split(":")[1].split(",")[quarter]) : null;
}

export function busyText(text, waiting, usual, at) {
  const people = usualAt(usual, at);
  if (people === null) return "";
  return text(`busy.${level(waiting, people)}${people ? "" : "_none"}`, { n: people });
}

// The bar of those who wait now, at the hour of `at`. A day that is not today has none.
export function redraw(svg, waiting, at) {
  const bar = svg && svg.querySelector(".live");
  if (!bar) return;
  const hours = svg.viewBox.baseVal.width / BAR_WIDTH;
  const place = Number(at.slice(11, 13)) - Number(svg.dataset.first);
  const inside = place >= 0 && place < hours;
  const height = inside ? Math.min(1, waiting / Number(svg.dataset.most)) * CHART_HEIGHT : 0;
  bar.setAttribute("x", place * BAR_WIDTH + 3);
  bar.setAttribute("y", CHART_HEIGHT - height);
  bar.setAttribute("height", height);
}
