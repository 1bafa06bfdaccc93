import assert from "node:assert/strict";
import { test } from "node:test";
import { Burst } from "../static/kiosk_scan.js";

// Feed keys `gap` ms apart; the code, if the last of them ended a burst.
function typed(burst, keys, gap, start = 1000) {
  let code = null;
  keys.forEach((key, at) => {
    code = burst.key(key, start + at * gap);
  });
  return code;
}

test("a scanner's burst is a code", () => {
  assert.equal(typed(new Burst(), [..."YY8834", "Enter"], 12), "YY8834");
});

test("capitals come with a Shift before them", () => {
  assert.equal(typed(new Burst(), ["Shift", "Y", "Shift", "Y", "8", "8", "Enter"], 12), "YY88");
});

test("a person is slower than any scanner", () => {
  assert.equal(typed(new Burst(), [..."YY8834", "Enter"], 150), null);
});

test("a short burst, or Enter alone, is none", () => {
  assert.equal(typed(new Burst(), [..."abc", "Enter"], 5), null);
  assert.equal(typed(new Burst(), ["Enter"], 5), null);
});

test("what was typed slowly before a scan is not part of it", () => {
  const burst = new Burst();
  typed(burst, [..."ab"], 400);
  assert.equal(typed(burst, [..."YY8834", "Enter"], 12, 9000), "YY8834");
});

test("an Enter long after a burst is a person's", () => {
  const burst = new Burst();
  typed(burst, [..."YY8834"], 12);
  assert.equal(burst.key("Enter", 5000), null);
});

test("a stuck key does not grow for ever", () => {
  const code = typed(new Burst(), [..."x".repeat(5000), "Enter"], 1);
  assert.equal(code.length, 512);
});
