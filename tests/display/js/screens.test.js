import assert from "node:assert/strict";
import { test } from "node:test";
import { breadth, tileColumns, windowState } from "../static/board_tiles.js";
import { timeToReload } from "../static/night.js";
import { nextUp } from "../static/screen_next.js";
import { after, ofZone } from "../static/wall.js";

const HOUR = 3600000;
const night = { clock: "03:10:00", age: 20 * HOUR, quiet: HOUR, live: true };

test("a page is loaded anew once a night, in a quiet minute, while the hall answers", () => {
  assert.equal(timeToReload(night), true);
  assert.equal(timeToReload({ ...night, clock: "02:59:59" }), false);
  assert.equal(timeToReload({ ...night, clock: "05:00:00" }), false);
  assert.equal(timeToReload({ ...night, quiet: 1000 }), false);
  assert.equal(timeToReload({ ...night, quiet: 1000, clock: "04:50:00" }), true);
  assert.equal(timeToReload({ ...night, age: HOUR }), false);
  assert.equal(timeToReload({ ...night, live: false }), false);
  assert.equal(timeToReload({ ...night, clock: "" }), false);
});

test("tiles fill their field: eight in two columns on the right, forty in six", () => {
  assert.equal(tileColumns(8, 850 / 760, 2), 2);
  assert.equal(tileColumns(40, 1150 / 680, 2), 6);
  assert.equal(tileColumns(1, 3, 2), 1);
  assert.equal(tileColumns(0, 1, 2), 1);
  for (let count = 1; count <= 60; count += 1) {
    const columns = tileColumns(count, 1.2, 2);
    assert.ok(columns >= 1 && columns <= count);
  }
});

test("a broad name is written smaller", () => {
  assert.equal(breadth("企业开办"), 4);
  assert.ok(breadth("Window 12") > 5 && breadth("Window 12") < 6);
  assert.equal(breadth(""), 1);
});

test("a window's state in one word", () => {
  assert.equal(windowState({ status: "paused", state: "called" }), "paused");
  assert.equal(windowState({ status: "open", state: "called" }), "calling");
  assert.equal(windowState({ status: "open", state: "serving" }), "serving");
  assert.equal(windowState({ status: "open", state: null }), "free");
});

test("the first of each queue get ready first", () => {
  const queues = [{ order: ["A1", "A2", "A3", "A4"] }, { order: ["B1"] }, { order: [] }];
  assert.deepEqual(nextUp(queues), ["A1", "B1", "A2"]);
  assert.deepEqual(nextUp([]), []);
});

test("a zone sees its own and what is for all; turns go round", () => {
  const items = [{ zone: "east" }, {}, { zone: "west" }];
  assert.equal(ofZone(items, "east").length, 2);
  assert.equal(ofZone(items, null).length, 3);
  assert.deepEqual([after(-1, 2), after(0, 2), after(1, 2), after(3, 0)], [0, 1, 0, -1]);
});
