import assert from "node:assert/strict";
import { test } from "node:test";
import { found, FOUND_MAX, nextLetters } from "../static/kiosk_match.js";

const THINGS = [
  { name: "住房公积金提取", initials: "zfgjjtq", name_en: "Housing fund withdrawal" },
  { name: "社会保障卡补领换领", initials: "shbzkblhl", name_en: "Social security card" },
  { name: "普通护照申领", initials: "pthzsl", name_en: "Passport application" },
  { name: "往来港澳通行证及签注", initials: "wlgatxzjqz" },
];
const names = (query) => found(query, THINGS).map((thing) => thing.name.slice(0, 4));

test("initials from the first letter", () => {
  assert.deepEqual(names("ZFG"), ["住房公积"]);
  assert.deepEqual(names("s"), ["社会保障", "普通护照"], "from the first letter comes first");
});

test("initials of what people say for short", () => {
  assert.deepEqual(names("gjj"), ["住房公积"]);
  assert.deepEqual(names("hz"), ["普通护照", "社会保障"]);
  assert.deepEqual(names("sb"), ["社会保障"]);
});

test("Chinese and English text", () => {
  assert.deepEqual(names("护照"), ["普通护照"]);
  assert.deepEqual(names("SECURITY"), ["社会保障"]);
  assert.deepEqual(names("fund with"), []);
  assert.deepEqual(names("housing  fund"), ["住房公积"]);
});

test("nothing asked, nothing found, nothing broken", () => {
  for (const query of ["", "  ", "zzzz", "(", "\\", "💳", ".*"]) assert.deepEqual(names(query), []);
});

test("there is a bound", () => {
  const many = Array.from({ length: 500 }, (_, at) => ({ name: `事项${at}`, initials: "sx" }));
  assert.equal(found("sx", many).length, FOUND_MAX);
});

test("letters that lead nowhere are known", () => {
  assert.ok(nextLetters("z", THINGS).has("f"));
  assert.deepEqual([...nextLetters("zfg", THINGS)], ["j", "q", "t"]);
  assert.equal(nextLetters("zzzz", THINGS).size, 0);
});
