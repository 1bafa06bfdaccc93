import assert from "node:assert/strict";
import { test } from "node:test";
import { askAfter, mark, placeOf } from "../static/place.js";

const hall = (order, window = {}, calls = []) => ({
  queues: [{ id: "general", order }],
  windows: [{ id: "1", number: null, state: null, ...window }],
  calls,
});

test("finds its place in the line", () => {
  const place = placeOf(hall(["A018", "A020"]), "A020");
  assert.deepEqual(place, { window: null, state: "waiting", ahead: 1 });
  assert.equal(placeOf(hall(["A018"]), "A020"), null);
});

test("the mark stays while others move, and changes with the own state", () => {
  const waiting = mark(hall(["A018", "A020"]), "A020");
  assert.equal(mark(hall(["A020"]), "A020"), waiting);
  const called = hall([], { number: "A020", state: "called" }, [{ number: "A020", times: 1 }]);
  assert.notEqual(mark(called, "A020"), waiting);
  const again = { ...called, calls: [{ number: "A020", times: 2 }, { number: "A020", times: 1 }] };
  assert.notEqual(mark(again, "A020"), mark(called, "A020"));
  assert.notEqual(mark(hall([]), "A020"), waiting);
});

test("near the front it asks more often", () => {
  assert.ok(askAfter(2) < askAfter(9) && askAfter(9) < askAfter(40));
  assert.equal(askAfter(null), askAfter(0));
});
