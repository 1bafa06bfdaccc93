import assert from "node:assert/strict";
import { test } from "node:test";
import { HallClock, spanText } from "../static/clock.js";

function given(start = 1000) {
  const world = { now: start };
  return { world, clock: new HallClock(() => world.now) };
}

test("shows the hall's zone whatever the device's", () => {
  const { world, clock } = given();
  assert.equal(clock.text(), "");
  clock.observed("2026-11-23T10:15:30+08:00");
  world.now += 31000;
  assert.equal(clock.text(), "10:16:01");
  assert.equal(clock.text(clock.now(), 5), "10:16");
});

test("an old snapshot does not set it back, a Date header does", () => {
  const { clock } = given();
  clock.observed("2026-11-23T10:15:30+08:00");
  clock.observed("2026-11-23T10:10:00+08:00");
  assert.equal(clock.text(), "10:15:30");
  clock.date("Mon, 23 Nov 2026 02:15:29 GMT");
  assert.equal(clock.text(), "10:15:30");
  clock.date("Mon, 23 Nov 2026 02:05:00 GMT");
  assert.equal(clock.text(), "10:05:00");
});

test("garbage changes nothing", () => {
  const { clock } = given();
  clock.observed("yesterday");
  clock.date(null);
  assert.equal(clock.now(), null);
});

test("spans", () => {
  assert.equal(spanText(-5), "0:00");
  assert.equal(spanText(67000), "1:07");
  assert.equal(spanText(3727000), "1:02:07");
});

test("the day is the hall's, not the device's", () => {
  const clock = new HallClock(() => 0);
  assert.equal(clock.dayText("zh-CN"), "");
  clock.observed("2026-11-24T00:10:00+08:00"); // still the 23rd in London
  assert.equal(clock.dayText("zh-CN"), "11月24日星期二");
  assert.equal(clock.dayText("en"), "Tuesday, November 24");
});
