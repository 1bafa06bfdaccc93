import assert from "node:assert/strict";
import { test } from "node:test";
import { follow, isNewer, PROBE_AFTER_MS, STALE_AFTER_MS } from "../static/live.js";

const OPEN = 1;
const CONNECTING = 0;
const CLOSED = 2;
const minute = (seq) => String(seq).padStart(2, "0");
const at = (seq) => ({ seq, observed_at: `2026-11-23T10:${minute(seq)}:00+08:00` });

class FakeSource {
  constructor() {
    this.readyState = CONNECTING;
    this.listeners = {};
  }
  addEventListener(name, listener) { this.listeners[name] = listener; }
  close() { this.readyState = CLOSED; }
  opens() { this.readyState = OPEN; this.onopen(); }
  sends(snapshot) { this.listeners.snapshot({ data: JSON.stringify(snapshot) }); }
  breaks(readyState) { this.readyState = readyState; this.onerror(); }
}

// A hall whose stream and answers the test plays, on a clock the test turns.
function given({ initial = at(1) } = {}) {
  const hall = { time: 0, answer: null, asked: 0 };
  Object.assign(hall, { sources: [], ticks: [], snapshots: [], states: [] });
  const world = {
    now: () => hall.time,
    random: () => 0.5,
    every: (call) => hall.ticks.push(call),
    open: () => { hall.sources.push(new FakeSource()); return hall.sources.at(-1); },
    fetch: async () => {
      hall.asked += 1;
      if (hall.answer === null) throw new TypeError("no answer");
      const snapshot = hall.answer;
      return { ok: true, status: 200, headers: { get: () => null }, json: async () => snapshot };
    },
  };
  hall.passes = async (ms) => {
    for (let left = ms; left > 0; left -= 500) {
      hall.time += 500;
      hall.ticks.forEach((tick) => tick());
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    }
  };
  follow({
    hall: "demo", initial, world,
    clock: { observed() {}, date() {} },
    onSnapshot: (snapshot) => hall.snapshots.push(snapshot.seq),
    onState: ({ live }) => hall.states.push(live),
  });
  return hall;
}

test("shows each newer snapshot and never goes back", async () => {
  const hall = given();
  hall.sources[0].opens();
  for (const seq of [2, 3, 3, 2, 5]) hall.sources[0].sends(at(seq));
  assert.deepEqual(hall.snapshots, [2, 3, 5]);
  assert.deepEqual(hall.states, [true]);
});

test("a restored hall with lower numbers but a later time is taken", () => {
  assert.equal(isNewer({ seq: 3, observed_at: at(50).observed_at }, at(40)), true);
  assert.equal(isNewer(at(3), at(40)), false);
});

test("is stale five seconds after the last sign of life, live again after the next", async () => {
  const hall = given();
  hall.sources[0].opens();
  await hall.passes(10000);
  assert.deepEqual(hall.states, [true]);
  hall.sources[0].breaks(CONNECTING);
  await hall.passes(500);
  assert.deepEqual(hall.states, [true, false]);
  hall.sources[0].opens();
  assert.deepEqual(hall.states, [true, false, true]);
});

test("a short break right after an event is not worth a badge", async () => {
  const hall = given();
  hall.sources[0].opens();
  hall.sources[0].breaks(CONNECTING);
  await hall.passes(STALE_AFTER_MS - 500);
  hall.sources[0].opens();
  assert.deepEqual(hall.states, [true]);
});

test("asks while the stream is broken and stays live by the answers", async () => {
  const hall = given();
  hall.answer = at(1);
  hall.sources[0].breaks(CONNECTING);
  await hall.passes(8000);
  hall.answer = at(7);
  await hall.passes(4000);
  assert.deepEqual(hall.snapshots, [7]);
  assert.deepEqual(hall.states, [true]);
  assert.ok(hall.asked <= 6, `${hall.asked} questions in 12 s`);
});

test("a refused stream is opened anew, ever slower, within a bound", async () => {
  const hall = given();
  const opened = [];
  for (let minute = 0; minute < 120; minute += 1) {
    const source = hall.sources.at(-1);
    if (source.readyState !== CLOSED) { opened.push(hall.time); source.breaks(CLOSED); }
    await hall.passes(500);
  }
  const pauses = opened.slice(1).map((time, index) => time - opened[index]);
  assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 15000, 15000]);
});

test("a silent stream that hides a change is replaced", async () => {
  const hall = given();
  hall.answer = at(1);
  hall.sources[0].opens();
  await hall.passes(1000);
  hall.answer = at(9);
  await hall.passes(PROBE_AFTER_MS + 1000);
  assert.deepEqual(hall.snapshots, [9]);
  assert.equal(hall.sources.length, 2);
});

test("a quiet stream that hides nothing is kept, and probed rarely", async () => {
  const hall = given();
  hall.answer = at(1);
  hall.sources[0].opens();
  await hall.passes(100000);
  assert.equal(hall.sources.length, 1);
  assert.ok(hall.asked <= 6);
  assert.deepEqual(hall.states, [true]);
});

test("a dead connection that looks open is found out", async () => {
  const hall = given();
  hall.sources[0].opens();
  await hall.passes(PROBE_AFTER_MS + 6000);
  assert.equal(hall.states.at(-1), false);
});
