// How the windows of a hall share a wall. Pure.

const COLUMNS_MAX = 12;

// What a window is doing, in one word of the catalogue's `window_status`.
export function windowState(window) {
  if (window.status !== "open") return window.status;
  if (window.state === "called") return "calling";
  return window.state === "serving" ? "serving" : "free";
}

// How broad a name is, in Chinese characters.
export function breadth(name) {
  return Math.max(1, [...name].reduce((sum, each) => sum + (each < "\u1100" ? 0.6 : 1), 0));
}

// The number of columns that makes `count` tiles in a field of proportion `field` (width by
// height) come nearest to tiles of proportion `wanted`, with few places left empty.
export function tileColumns(count, field, wanted) {
  let best = 1;
  let least = Infinity;
  for (let columns = 1; columns <= Math.min(count, COLUMNS_MAX); columns += 1) {
    const rows = Math.ceil(count / columns);
    const off = Math.abs(Math.log(((field / columns) * rows) / wanted));
    const empty = (columns * rows - count) / count;
    if (off + empty < least) [best, least] = [columns, off + empty];
  }
  return best;
}
