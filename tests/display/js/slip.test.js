import assert from "node:assert/strict";
import { test } from "node:test";
import { meaning, SlipWatch } from "../static/slip.js";

// The slip goes through `statuses`, one a second; null is a question without an answer.
async function given(statuses) {
  const world = { time: 0, call: null };
  const told = [];
  const watch = new SlipWatch({
    ask: async () => {
      const status = statuses.length > 1 ? statuses.shift() : statuses[0];
      if (status === null) throw new Error("silence");
      return { status, reason: null };
    },
    onChange: (state) => told.push(state),
    world: {
      now: () => world.time,
      later: (call) => { world.call = call; return 1; },
      cancel: () => { world.call = null; },
    },
  });
  watch.start();
  const settle = async () => { for (let turn = 0; turn < 5; turn += 1) await Promise.resolve(); };
  await settle();
  const passes = async (seconds) => {
    for (let second = 0; second < seconds && world.call; second += 1) {
      world.time += 1000;
      const call = world.call;
      world.call = null;
      call();
      await settle();
    }
  };
  return { world, told, watch, passes };
}

test("only a slip on its way out is good news", () => {
  const all = ["none", "queued", "sent", "confirmed", "failed", "expired"].map(meaning);
  assert.deepEqual(all, ["failed", "wait", "ok", "ok", "failed", "failed"]);
});

test("queued, sent, confirmed", async () => {
  const { told, passes, world } = await given(["queued", "queued", "sent", "confirmed"]);
  await passes(10);
  assert.deepEqual(told, ["wait", "ok"]);
  assert.equal(world.call, null);
});

test("a printer that fails after the bytes left is still told", async () => {
  const { told, passes } = await given(["sent", "sent", "failed"]);
  await passes(10);
  assert.deepEqual(told, ["ok", "failed"]);
});

test("silence is never taken for a printed slip", async () => {
  const { told, passes } = await given([null]);
  await passes(20);
  assert.deepEqual(told, ["wait", "slow"]);
});

test("asks no longer than a minute, and not after stop", async () => {
  const { world, watch, passes } = await given(["queued"]);
  await passes(200);
  assert.equal(world.call, null);
  assert.ok(world.time <= 61000);
  watch.stop();
});

test("a slip the hall does not know of yet is waited for; for good, it is not", async () => {
  const soon = await given(["none", "none", "confirmed"]);
  await soon.passes(10);
  assert.deepEqual(soon.told, ["wait", "ok"]);
  const never = await given(["none"]);
  await never.passes(10);
  assert.deepEqual(never.told, ["wait", "failed"]);
});
