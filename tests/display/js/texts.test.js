import assert from "node:assert/strict";
import { test } from "node:test";
import { texts } from "../static/texts.js";

const { text, problem, wordFor } = texts({
  "error.window_busy": "busy",
  "error_with.window_busy": "busy with {number}",
  "error.unknown": "failed",
  "reason.lunch": "午餐",
  "a.b": "{n} of {m}",
});

test("placeholders are filled once and facts are never templates", () => {
  assert.equal(text("a.b", { n: "{m}", m: 2 }), "{m} of 2");
});

test("a problem is told with facts when all are there", () => {
  assert.equal(problem("window_busy", { number: "A017" }), "busy with A017");
  assert.equal(problem("window_busy", { number: null }), "busy");
  assert.equal(problem("window_busy"), "busy");
});

test("an unknown code falls back to the server's words, then to ours", () => {
  assert.equal(problem("new_code", { detail: "server says" }), "server says");
  assert.equal(problem("new_code"), "failed");
});

test("a hall's own word stays as it is", () => {
  assert.equal(wordFor("reason", "lunch"), "午餐");
  assert.equal(wordFor("reason", "培训会"), "培训会");
  assert.equal(wordFor("reason", null), "");
});
