import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { matches } from "../static/find.js";

const vectors = JSON.parse(readFileSync(new URL("./find_vectors.json", import.meta.url)));

for (const { query, text, finds } of vectors) {
  test(`"${query}" ${finds ? "finds" : "does not find"} ${text}`, () => {
    assert.equal(matches(query, text), finds);
  });
}
