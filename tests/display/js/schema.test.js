import assert from "node:assert/strict";
import { test } from "node:test";
import { schemaText } from "../static/schema.js";

const words = { oneOf: "one of", listOf: "list of" };

test("shapes become short texts", () => {
  const schema = {
    type: "object",
    required: ["seq"],
    properties: {
      seq: { type: "integer" },
      queues: { type: "array", items: { $ref: "#/components/schemas/Queue" } },
      status: { enum: ["open", "paused"] },
      wait: { anyOf: [{ type: "integer" }, { type: "null" }] },
    },
  };
  assert.equal(schemaText(schema, words),
    '{seq: integer, queues?: list of Queue, status?: "open" | "paused", wait?: integer | null}');
  assert.match(schemaText(schema, words, 0, true), /^\{\n {2}seq: integer,\n/);
});

test("odd schemas do not break the page", () => {
  const endless = {};
  endless.items = endless;
  endless.type = "array";
  for (const odd of [null, undefined, true, {}, { type: ["string", "null"] }, endless]) {
    assert.equal(typeof schemaText(odd, words), "string");
  }
});
