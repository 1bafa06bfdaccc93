import assert from "node:assert/strict";
import { test } from "node:test";
import { Intent, KEPT_MS } from "../static/kiosk_intent.js";

class Storage {
  values = new Map();
  getItem = (name) => this.values.get(name) ?? null;
  setItem = (name, value) => void this.values.set(name, value);
  removeItem = (name) => void this.values.delete(name);
}
function given() {
  const storage = new Storage();
  let now = 1_000_000;
  let made = 0;
  const page = () => new Intent({ storage, now: () => now, make: () => `key-${(made += 1)}` });
  return { storage, page, later: (ms) => (now += ms) };
}
const WISH = { service: "passport", class: "normal" };

test("the same wish keeps its key, also in the page that was loaded again", () => {
  const { page } = given();
  assert.equal(page().key(WISH), "key-1");
  assert.equal(page().key({ ...WISH }), "key-1");
  assert.deepEqual(page().kept().body, WISH);
});

test("another wish is another number", () => {
  const { page } = given();
  page().key(WISH);
  assert.equal(page().key({ ...WISH, class: "priority" }), "key-2");
});

test("who has finished leaves nothing to the next", () => {
  const { page } = given();
  page().key(WISH);
  page().forget();
  assert.equal(page().kept(), null);
  assert.equal(page().key(WISH), "key-2");
});

test("a wish does not outlive its visitor's patience, nor a clock set back", () => {
  const { page, later } = given();
  page().key(WISH);
  later(KEPT_MS);
  assert.notEqual(page().kept(), null);
  later(1);
  assert.equal(page().kept(), null);
  page().key(WISH);
  later(-10);
  assert.equal(page().kept(), null);
});

test("garbage in the storage is nothing", () => {
  const { storage, page } = given();
  for (const garbage of ["", "{", "null", "[]", '{"at":"x"}', '{"at":1000000}', '"text"', "7"]) {
    storage.setItem("queued.kiosk.wish", garbage);
    assert.equal(page().kept(), null, garbage);
  }
});

test("without storage a key lives as long as its page", () => {
  const refuse = () => {
    throw new Error("forbidden");
  };
  const storage = { getItem: refuse, setItem: refuse, removeItem: refuse };
  const intent = new Intent({ storage, now: () => 1, make: () => "key" });
  assert.equal(intent.key(WISH), "key");
  intent.forget();
});
