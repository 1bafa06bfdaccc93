import assert from "node:assert/strict";
import { test } from "node:test";
import { Poll, Reader } from "../static/poll.js";

const headers = (values) => ({ get: (name) => values[name] ?? null });

test("asks with the last tag and takes 304 for no change", async () => {
  const seen = [];
  const answers = [
    {
      ok: true, status: 200, headers: headers({ ETag: '"7"', Date: "d1" }),
      json: async () => ({ seq: 7 }),
    },
    { ok: false, status: 304, headers: headers({ Date: "d2" }) },
    { ok: false, status: 503, headers: headers({}) },
  ];
  const ask = async (url, request) => (seen.push(request.headers), answers.shift());
  const reader = new Reader("/u", ask);
  assert.deepEqual(await reader.read(), { snapshot: { seq: 7 }, date: "d1" });
  assert.deepEqual(await reader.read(), { snapshot: null, date: "d2" });
  await assert.rejects(reader.read());
  assert.deepEqual(seen.map((each) => each["If-None-Match"]), [undefined, '"7"', '"7"']);
});

function given(read) {
  const world = {
    pauses: [], call: null, isHidden: false, wake: null,
    later: (call, ms) => { world.call = call; world.pauses.push(ms); return call; },
    cancel: () => { world.call = null; },
    random: () => 0.5,
    hidden: () => world.isHidden,
    onWake: (call) => { world.wake = call; },
  };
  const heard = { reads: 0, failures: 0 };
  const poll = new Poll({
    reader: { read },
    interval: () => 10000,
    onRead: () => { heard.reads += 1; },
    onFailure: () => { heard.failures += 1; },
    world,
  }).start();
  return { world, heard, poll };
}

test("rests while hidden and asks at once on waking", async () => {
  const { world, heard } = given(async () => ({}));
  world.isHidden = true;
  world.wake();
  assert.equal(world.call, null);
  world.isHidden = false;
  await world.wake();
  assert.equal(heard.reads, 1);
  assert.notEqual(world.call, null);
});

test("asks ever slower while it fails, with a bound, and recovers", async () => {
  let broken = true;
  const { world, heard } = given(async () => { if (broken) throw new Error("no"); return {}; });
  for (let times = 0; times < 5; times += 1) await world.call();
  assert.deepEqual(world.pauses, [10000, 20000, 40000, 60000, 60000, 60000]);
  broken = false;
  await world.call();
  assert.equal(world.pauses.at(-1), 10000);
  assert.deepEqual(heard, { reads: 1, failures: 5 });
});
