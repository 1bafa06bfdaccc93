import assert from "node:assert/strict";
import { test } from "node:test";
import { Callout, FRESH_MS, HURRIED_MS, RUSH, SHOWN_MS } from "../static/callout.js";

const AT = "2026-11-23T10:15:00+08:00";
const NOW = Date.parse(AT);
const call = (seq, at = AT) => ({ number: `A${seq}`, window: "1", at, times: 1, seq });
const newestFirst = (...seqs) => seqs.map((seq) => call(seq)).reverse();
const told = ({ call: now, fresh, earlier }) =>
  [now?.seq ?? null, fresh, earlier.map((each) => each.seq)];

test("what was called before the page was opened is shown, but is not new", () => {
  const callout = new Callout();
  assert.deepEqual(told(callout.take(newestFirst(1, 2), NOW, 0)), [2, false, [1]]);
  assert.deepEqual(told(new Callout().take([], NOW, 0)), [null, false, []]);
});

test("a call is shown at once, looks new for a while, and not for ever", () => {
  const callout = new Callout();
  callout.take(newestFirst(1), NOW, 0);
  assert.deepEqual(told(callout.take(newestFirst(1, 2), NOW, 100)), [2, true, [1]]);
  assert.equal(callout.show(100 + FRESH_MS - 1).fresh, true);
  assert.equal(callout.show(100 + FRESH_MS).fresh, false);
});

test("calls that come at once are shown one after the other, in order, each for its time", () => {
  const callout = new Callout();
  callout.take(newestFirst(1), NOW, 0);
  assert.deepEqual(told(callout.take(newestFirst(1, 2, 3, 4), NOW, 0)), [2, true, [1]]);
  assert.equal(callout.show(SHOWN_MS - 1).call.seq, 2);
  assert.deepEqual(told(callout.show(SHOWN_MS)), [3, true, [2, 1]]);
  assert.deepEqual(told(callout.show(SHOWN_MS * 2)), [4, true, [3, 2, 1]]);
  assert.equal(callout.show(SHOWN_MS * 9).call.seq, 4);
});

test("when many wait each gets less time, and nothing is skipped", () => {
  const callout = new Callout();
  callout.take(newestFirst(1), NOW, 0);
  const burst = Array.from({ length: RUSH + 3 }, (_, place) => place + 2);
  const seen = [callout.take(newestFirst(1, ...burst), NOW, 0).call.seq];
  assert.equal(callout.show(HURRIED_MS).call.seq, 3);
  for (let now = 0; seen.at(-1) !== burst.at(-1); now += 500) {
    const { seq } = callout.show(now).call;
    if (seq !== seen.at(-1)) seen.push(seq);
    assert.ok(now < 60000);
  }
  assert.deepEqual(seen, burst);
});

test("a recall is a new call", () => {
  const callout = new Callout();
  callout.take(newestFirst(1, 2), NOW, 0);
  assert.deepEqual(told(callout.take(newestFirst(2, 3), NOW, 10)), [3, true, [2]]);
});

test("a call that is undone leaves at once, on the screen or while it waits", () => {
  const callout = new Callout();
  callout.take(newestFirst(1), NOW, 0);
  callout.take(newestFirst(1, 2, 3), NOW, 0);
  assert.deepEqual(told(callout.take(newestFirst(1, 2), NOW, 100)), [2, true, [1]]);
  assert.deepEqual(told(callout.take(newestFirst(1), NOW, 200)), [1, false, []]);
  assert.equal(callout.show(SHOWN_MS * 2).call.seq, 1);
});

test("what was missed while the line was broken is not called out late", () => {
  const callout = new Callout();
  callout.take(newestFirst(1), NOW, 0);
  const later = "2026-11-23T10:20:00+08:00";
  const shown = callout.take([call(3, later), call(2)], Date.parse(later), 300000);
  assert.deepEqual(told(shown), [3, true, [2]]);
});

test("a hall that was restored starts anew, and memory stays bounded", () => {
  const callout = new Callout();
  callout.take(newestFirst(50, 51), NOW, 0);
  assert.deepEqual(told(callout.take(newestFirst(3, 4), NOW, 10)), [4, false, [3]]);
  for (let seq = 100; seq < 5000; seq += 1) {
    callout.take(newestFirst(...Array.from({ length: 20 }, (_, back) => seq - 19 + back)), NOW, 20);
  }
  assert.ok(callout.pending.length <= 20);
});
