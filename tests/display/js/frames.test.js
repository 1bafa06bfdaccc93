import assert from "node:assert/strict";
import { test } from "node:test";
import { captureOf, fileName } from "../static/capture.js";
import { FrameWatch, KEPT_MAX } from "../static/frame_watch.js";
import { rowsOf } from "../static/hex_rows.js";

const frame = (hex, more = {}) => (
  { at_ms: 5, direction: "out", hex, length: hex.length / 2, words: [], left_out: 0, ...more });

class Source {
  constructor(url) {
    Object.assign(this, { url, readyState: 0, listeners: {}, closed: false });
    Source.all.push(this);
  }

  addEventListener(name, call) { this.listeners[name] = call; }

  close() { this.closed = true; }

  says(content) { this.listeners.frame({ data: JSON.stringify(content) }); }
}

function given() {
  Source.all = [];
  const later = [];
  const watch = new FrameWatch({
    url: "/frames", onChange: () => {}, open: (url) => new Source(url),
    later: (call) => later.push(call),
  });
  watch.start();
  Source.all[0].onopen();
  return { watch, source: Source.all[0], later };
}

test("bytes stand in rows of sixteen with their ASCII", () => {
  const rows = rowsOf("1b40" + "41".repeat(15));
  assert.equal(rows.length, 2);
  assert.deepEqual(rows[0], {
    offset: "0000", hex: "1B 40 " + Array(14).fill("41").join(" "), ascii: ".@AAAAAAAAAAAAAA",
  });
  assert.equal(rows[1].offset, "0010");
  assert.equal(rows[1].hex, "41".padEnd(47));
  assert.deepEqual(rowsOf(""), []);
});

test("a paused list stands still and loses nothing", () => {
  const { watch, source } = given();
  source.says(frame("01"));
  watch.pause(true);
  source.says(frame("02"));
  assert.equal(watch.visible().length, 1);
  watch.pause(false);
  assert.equal(watch.visible().length, 2);
});

test("old frames go, and are counted", () => {
  const { watch, source } = given();
  for (let n = 0; n < KEPT_MAX + 5; n += 1) source.says(frame("01", { left_out: n === 0 ? 7 : 0 }));
  assert.equal(watch.frames.length, KEPT_MAX);
  assert.equal(watch.dropped, 5);
  assert.equal(watch.leftOut, 7);
  watch.clear();
  assert.deepEqual([watch.frames.length, watch.dropped, watch.leftOut], [0, 0, 0]);
});

test("a refused stream is asked for again, a stopped one is not", () => {
  const { watch, source, later } = given();
  source.readyState = 2;
  source.onerror();
  assert.equal(watch.state, "broken");
  later.shift()();
  assert.equal(Source.all.length, 2);
  Source.all[1].readyState = 2;
  Source.all[1].onerror();
  watch.stop();
  later.shift()();
  assert.equal(Source.all.length, 2);
  assert.equal(watch.state, "off");
  source.says(frame("01"));
  assert.equal(watch.frames.length, 0, "a stream of before is not listened to");
});

test("a capture begins with what it is of", () => {
  const device = { id: "kiosk-printer", kind: "escpos", port: "tcp://h:9100" };
  const frames = [frame("1b40"), frame("", { direction: "in", length: 9, left_out: 2 })];
  const text = captureOf({ device, options: { width_mm: 80 }, version: "1", at: "T", frames });
  const [head, first, second] = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(head, {
    capture: 1, kind: "escpos", device: "kiosk-printer", port: "tcp://h:9100",
    options: { width_mm: 80 }, version: "1", at: "T",
  });
  assert.deepEqual(first, { at_ms: 5, direction: "out", hex: "1b40" });
  assert.deepEqual(second, { at_ms: 5, direction: "in", hex: "", length: 9, left_out: 2 });
  assert.equal(fileName(device, "2026-11-23T10:15:30.000Z"), "kiosk-printer-20261123-101530.jsonl");
});
