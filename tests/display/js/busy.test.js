import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { busyText, level, redraw, usualAt } from "../static/busy.js";

const vectors = JSON.parse(readFileSync(new URL("./busy_vectors.json", import.meta.url)));
const text = (key, facts) => `${key} ${facts.n}`;
const usual = "8:9,9,9,9 9:0,4,8,12";

test("the shared vectors", () => {
  for (const { waiting, usual: people, gives } of vectors) {
    assert.equal(level(waiting, people), gives, `${waiting} of ${people}`);
  }
});

test("the quarter of the hour counts, on the hall's clock", () => {
  assert.equal(usualAt(usual, "2026-11-23T09:00:00+08:00"), 0);
  assert.equal(usualAt(usual, "2026-11-23T09:59:59+08:00"), 12);
  assert.equal(usualAt(usual, "2026-11-23T10:00:00+08:00"), null);
  assert.equal(busyText(text, 20, usual, "2026-11-23T09:15:00+08:00"), "busy.busier 4");
  assert.equal(busyText(text, 3, usual, "2026-11-23T09:00:00+08:00"), "busy.busier_none 0");
  assert.equal(busyText(text, 3, usual, "2026-11-23T23:00:00+08:00"), "");
});

test("the bar of now moves with the hour and stays inside", () => {
  const seen = {};
  const bar = { setAttribute: (name, value) => { seen[name] = value; } };
  const svg = { querySelector: () => bar, dataset: { first: "09", most: "20" },
    viewBox: { baseVal: { width: 20 } } };
  redraw(svg, 10, "2026-11-23T10:15:30+08:00");
  assert.deepEqual(seen, { x: 13, y: 20, height: 20 });
  redraw(svg, 90, "2026-11-23T09:15:30+08:00");
  assert.deepEqual(seen, { x: 3, y: 0, height: 40 });
  redraw(svg, 90, "2026-11-23T18:15:30+08:00");
  assert.equal(seen.height, 0);
  redraw(null, 90, "2026-11-23T18:15:30+08:00"); // nobody can say: there is no chart
});
