import assert from "node:assert/strict";
import test from "node:test";

import { week } from "../static/kiosk_hours.js";

const text = (key, facts = {}) => `${key.split(".")[1]}(${Object.values(facts).join(" ")})`;
const listed = (names) => names.join(",");
const told = (hours) => week(hours, text, listed);
const span = (days, open, close) => ({ days, open, close });
const WEEK = ["mon", "tue", "wed", "thu", "fri"];

test("days in a row are from the first to the last, and share their times", () => {
  assert.deepEqual(
    told([
      span(WEEK, "13:30", "17:30"), span(WEEK, "08:30", "12:00"), span(["sat"], "09:00", "12:00"),
    ]),
    ["hours_line(days(day_mon() day_fri()) 08:30–12:00,13:30–17:30)",
      "hours_line(day_sat() 09:00–12:00)"],
  );
});

test("two days, or days with a gap, are named one by one, in the order of the week", () => {
  assert.deepEqual(told([span(["fri", "mon", "wed"], "9", "10"), span(["sun", "sat"], "9", "10")]),
    ["hours_line(day_mon(),day_wed(),day_fri() 9–10)", "hours_line(day_sat(),day_sun() 9–10)"]);
});

test("a hall that is always open has no hours", () => assert.deepEqual(told([]), []));
