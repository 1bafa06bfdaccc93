// A clerk's session against a server that is silent, refuses, or answers twice.

import assert from "node:assert/strict";
import { test } from "node:test";

import { actionOf, chosen } from "../static/console_keys.js";
import { RETRY_FOR_MS, Session } from "../static/console_session.js";

class Silence extends Error {
  status = 0;
  uncertain = true;
  code = "unreachable";
}

function refusal(code, status = 409, facts = {}) {
  return Object.assign(new Error(code), { status, code, facts, uncertain: status >= 500 });
}

function deskOf(changes = {}) {
  return {
    seq: 1, open: true, ticket: null, waiting_count: 2, mine: { name: "wang" },
    actions: ["call-next", "pause", "close"], ...changes,
    window: { status: "open", clerk: "wang", yours: true, ...changes.window },
  };
}

// A server that does what `script` says, one entry a command, and a world whose time is ours.
function hall(script = [], changes = {}) {
  const sent = [];
  const told = [];
  const kept = { value: null };
  const world = { at: 0, timers: [] };
  const desk = deskOf(changes);
  const session = new Session({
    desk,
    path: (...parts) => ["/w", ...parts].join("/"),
    api: {
      async request(method, path, body, key) {
        if (method === "GET") return session.desk;
        sent.push({ path, body, key });
        const next = script.shift() ?? { ticket: { number: "A001" } };
        if (next instanceof Error) throw next;
        return typeof next === "function" ? next() : next;
      },
    },
    world: {
      now: () => world.at,
      later: (call, ms) => world.timers.push({ call, at: world.at + ms }),
      store: {
        get: () => kept.value,
        set: (value) => { kept.value = structuredClone(value); },
        remove: () => { kept.value = null; },
      },
    },
  });
  session.on((what, facts) => told.push({ what, ...facts }));
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const pass = async (ms) => {
    world.at += ms;
    const due = world.timers.filter((timer) => timer.at <= world.at);
    world.timers = world.timers.filter((timer) => timer.at > world.at);
    for (const timer of due) timer.call();
    await settle();
  };
  const words = () => told.map((each) => each.what).filter((what) => what !== "desk");
  return { session, sent, told, kept, words, pass, settle };
}

test("silence is asked again with the same key until there is an answer", async () => {
  const { session, sent, words, pass, settle, kept, told } = hall([new Silence(), new Silence()]);
  const done = session.run("call-next");
  await settle();
  assert.equal(kept.value.key, sent[0].key, "a reload must find it");
  assert.deepEqual(session.whyNot("call-next"), { code: "working" });
  await pass(500);
  await pass(1000);
  await done;
  assert.equal(sent.length, 3);
  assert.equal(new Set(sent.map((each) => each.key)).size, 1);
  assert.deepEqual(words(), ["working", "retrying", "retrying", "done"]);
  assert.equal(told.find((each) => each.what === "done").retried, true);
  assert.equal(kept.value, null);
});

test("two presses are two commands with two keys", async () => {
  const { session, sent } = hall();
  await session.run("call-next");
  await session.run("call-next");
  assert.equal(sent.length, 2);
  assert.notEqual(sent[0].key, sent[1].key);
});

test("a press while one is under way is refused, not queued", async () => {
  let answer;
  const { session, sent, told } = hall([() => new Promise((resolve) => { answer = resolve; })]);
  const done = session.run("call-next");
  await session.run("pause", { reason: "lunch" });
  assert.equal(told.at(-1).code, "working");
  answer({ ticket: null });
  await done;
  assert.equal(sent.length, 1);
});

test("a refusal is final: not asked again", async () => {
  const { session, sent, told } = hall([refusal("nobody_waiting")]);
  await session.run("call-next");
  assert.equal(sent.length, 1);
  assert.equal(told.find((each) => each.what === "refused").code, "nobody_waiting");
});

test("after a minute it gives up and says so", async () => {
  const silence = Array.from({ length: 99 }, () => new Silence());
  const { session, sent, words, pass, settle } = hall(silence);
  const done = session.run("call-next");
  await settle();
  for (let second = 0; second < RETRY_FOR_MS / 1000 + 5; second += 1) await pass(1000);
  await done;
  assert.equal(words().at(-1), "unknown");
  assert.ok(sent.length > 10 && sent.length < 30, `${sent.length} questions in a minute`);
});

test("when the connection is back nobody waits for the pause", async () => {
  const { session, sent, settle } = hall([new Silence()]);
  const done = session.run("call-next");
  await settle();
  session.setLive(true, 0);
  await done;
  assert.equal(sent.length, 2);
});

test("after a reload the same person's command goes on with its key", async () => {
  const { session, sent, kept } = hall();
  kept.value = { action: "call-next", key: "k1", who: "wang", at: -1000 };
  await session.resume();
  assert.deepEqual(sent.map((each) => each.key), ["k1"]);
});

test("what is too old, or another person's, is not sent any more", async () => {
  for (const left of [{ who: "li", at: -1000 }, { who: "wang", at: -RETRY_FOR_MS }]) {
    const { session, sent, kept } = hall();
    kept.value = { action: "call-next", key: "k1", ...left };
    await session.resume();
    assert.equal(sent.length, 0);
    assert.equal(kept.value, null);
  }
});

test("who is signed out keeps the command for after signing in", async () => {
  const { session, kept, words } = hall([refusal("unauthenticated", 401)]);
  await session.run("call-next");
  assert.equal(words().at(-1), "signed-out");
  assert.equal(kept.value.action, "call-next");
});

test("who is relieved learns it once, and the keys stop", async () => {
  const { session, words } = hall();
  session.take(deskOf({ window: { yours: false, clerk: "li" }, actions: ["open"] }));
  session.take(deskOf({ window: { yours: false, clerk: "li" }, actions: ["open"] }));
  assert.deepEqual(words(), ["relieved"]);
  assert.deepEqual(session.whyNot("call-next"), { code: "not_yours", facts: { clerk: "li" } });
  assert.equal(session.whyNot("open"), null);
});

test("every reason why not has its own code", () => {
  const reason = (action, changes) => hall([], changes).session.whyNot(action)?.code ?? null;
  const called = { ticket: { number: "A1", status: "called" }, actions: ["recall", "start"] };
  const serving = { ticket: { number: "A1", status: "serving" }, actions: ["finish"] };
  const closed = { window: { status: "closed", yours: false }, actions: ["open"] };
  assert.equal(reason("call-next"), null);
  assert.equal(reason("finish"), "ticket_not_serving");
  assert.equal(reason("start"), "ticket_not_called");
  assert.equal(reason("undo"), "too_late_to_undo");
  assert.equal(reason("call-next", called), "window_busy");
  assert.equal(reason("finish", called), "ticket_not_serving");
  assert.equal(reason("recall", { ...called, actions: [] }), "too_many_recalls");
  assert.equal(reason("recall", serving), "ticket_not_called");
  assert.equal(reason("call-next", closed), "window_not_open");
  assert.equal(reason("open", { open: false, actions: [] }), "hall_closed");
});

test("others' changes are looked at, but not ten times a second", async () => {
  const { session, told, pass } = hall();
  for (let seq = 2; seq < 12; seq += 1) session.heard({ seq });
  await pass(0);
  for (let seq = 12; seq < 22; seq += 1) session.heard({ seq });
  await pass(100);
  assert.equal(told.filter((each) => each.what === "desk").length, 1);
  await pass(300);
  assert.equal(told.filter((each) => each.what === "desk").length, 2);
});

test("keys mean the same in lists and fields, but Ctrl+Z belongs to the field", () => {
  const field = { matches: () => true };
  const press = (key, more = {}) => actionOf({ key, target: { matches: () => false }, ...more });
  assert.equal(press("F2"), "call-next");
  assert.equal(press("F2", { shiftKey: true }), "call");
  assert.equal(press("F2", { target: field }), "call-next");
  assert.equal(press("Z", { ctrlKey: true }), "undo");
  assert.equal(press("z", { ctrlKey: true, target: field }), null);
  assert.equal(press("F4", { altKey: true }), null, "Alt+F4 closes the window");
  assert.equal(press("F8", { ctrlKey: true }), null);
  assert.equal(press("a"), null);
});

test("digits choose, also beyond nine", () => {
  assert.equal(chosen(0, 3, 5), 3);
  assert.equal(chosen(3, 2, 5), 2);
  assert.equal(chosen(1, 2, 12), 12);
  assert.equal(chosen(1, 0, 12), 10);
  assert.equal(chosen(0, 0, 12), 0);
  assert.equal(chosen(0, 9, 5), 0);
});
