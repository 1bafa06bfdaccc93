import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { headline, queueHeadline, queueSpan, range, shown, span } from "../static/waits.js";

const file = new URL("./waits_vectors.json", import.meta.url);
const { shown: vectors, span: spans } = JSON.parse(readFileSync(file));
const text = (key, facts) => `${key} ${facts?.minutes ?? ""}${facts?.high ?? ""}`.trim();

for (const [index, vector] of vectors.entries()) {
  test(`vector ${index}`, () => assert.deepEqual(shown(vector.wait, vector.ahead), vector.gives));
}

test("an empty queue is empty, not next; a closed one says so", () => {
  assert.equal(queueHeadline(text, { status: "open", waiting: 0, wait: null }), "wait.queue_next");
  const paused = { status: "paused", waiting: 3, wait: null };
  assert.equal(queueHeadline(text, paused), "queue_status.paused");
});

test("no range where it would say nothing", () => {
  assert.equal(range(text, shown(null, 3)), "");
  assert.equal(range(text, shown({ p50_s: 10, p80_s: 20, p90_s: 30 }, 1)), "");
  assert.equal(headline(text, shown({ p50_s: 10, p80_s: 700, p90_s: 800 }, 1)), "wait.within 15");
});

for (const [index, vector] of spans.entries()) {
  test(`span ${index}`, () => assert.deepEqual(span(vector.wait, vector.ahead), vector.gives));
}

test("only an open queue promises anything", () => {
  const queue = { status: "open", waiting: 2, wait: { p50_s: 100, p80_s: 700 } };
  assert.equal(queueSpan(text, queue), "wait.span_most 15");
  assert.equal(queueSpan(text, { ...queue, waiting: 0 }), "wait.queue_next");
  assert.equal(queueSpan(text, { ...queue, status: "paused" }), "");
});
