// Finding a service by what a visitor taps or types: Pinyin initials, Chinese, English. Pure.

export const FOUND_MAX = 60; // ten pages: whoever gets more taps another letter

// The things ({name, name_en, initials}) that match, the best first, else in their own order.
export function found(query, things) {
  const wanted = query.toLowerCase().replace(/\s+/g, " ").trim();
  if (!wanted) return [];
  return things
    .map((thing, place) => ({ thing, place, rank: rank(wanted, thing) }))
    .filter((each) => each.rank < NONE)
    .sort((one, other) => one.rank - other.rank || one.place - other.place)
    .slice(0, FOUND_MAX)
    .map((each) => each.thing);
}

const NONE = 6;

// 0 the initials from the first, 1 a name from its first character, 2 words in English,
// 3 inside the name, 4 inside the initials, 5 initials with some left out: people say 社保 (sb)
// for 社会保障 (shbz). Else NONE.
function rank(wanted, thing) {
  const initials = thing.initials ?? "";
  const name = thing.name.toLowerCase();
  const english = (thing.name_en ?? "").toLowerCase();
  const letters = wanted.replaceAll(" ", "");
  if (initials.startsWith(letters)) return 0;
  if (name.startsWith(wanted) || english.startsWith(wanted)) return 1;
  if (english.split(/[^a-z0-9]+/).some((word) => word.startsWith(wanted))) return 2;
  if (name.includes(wanted)) return 3;
  if (initials.includes(letters)) return 4;
  return letters.length >= 2 && inOrder(letters, initials) ? 5 : NONE;
}

// Letters that begin the next keystroke of any match: the others on the pad lead nowhere.
export function nextLetters(query, things) {
  const letters = new Set();
  for (const letter of "abcdefghijklmnopqrstuvwxyz") {
    if (found(query + letter, things).length > 0) letters.add(letter);
  }
  return letters;
}

function inOrder(letters, initials) {
  let at = -1;
  for (const letter of letters) {
    at = initials.indexOf(letter, at + 1);
    if (at < 0) return false;
  }
  return true;
}
