// Frames as a table: when, which way, the bytes in rows of sixteen, and what they mean.

import { byId, make, setHidden, setText } from "./dom.js";
import { bytesOf, rowsOf } from "./hex_rows.js";

const FLAWS = new Set([
  "damaged", "refused", "garbage", "not_done", "line_unknown", "card_error", "status_offline",
  "status_paper_out", "status_cover_open", "status_cutter_jam", "status_error",
]);
const ROWS_SHOWN = 300; // the newest; a table of thousands makes a small machine crawl

export class FrameTable {
  constructor({ text, clock }) {
    Object.assign(this, { text, clock });
    this.drawn = [];
  }

  show(frames) {
    const newest = frames.slice(-ROWS_SHOWN);
    const body = byId("frame-rows");
    const box = byId("frames");
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 80;
    // Frames only come at the end and go at the beginning: what stays is left alone.
    const gone = newest.length ? this.drawn.indexOf(newest[0]) : this.drawn.length;
    for (let n = gone < 0 ? this.drawn.length : gone; n > 0; n -= 1) body.firstChild.remove();
    const kept = gone < 0 ? 0 : this.drawn.length - gone;
    while (body.childElementCount > newest.length) body.lastChild.remove();
    body.append(...newest.slice(kept).map((frame) => this.row(frame)));
    this.drawn = newest;
    setHidden(byId("frames-table"), newest.length === 0);
    setHidden(byId("frames-none"), newest.length > 0);
    if (atEnd) box.scrollTop = box.scrollHeight;
  }

  row(frame) {
    return make("tr", { data: { direction: frame.direction } },
      make("td", {}, this.clock.text(frame.at_ms, 12)),
      make("td", {}, this.text(`device.${frame.direction}`)),
      make("td", {}, make("pre", {}, this.bytes(frame))),
      make("td", {}, ...this.meaning(frame)));
  }

  bytes(frame) {
    if (frame.direction === "order") {
      return new TextDecoder().decode(new Uint8Array(bytesOf(frame.hex))).slice(0, 400);
    }
    if (!frame.hex) return this.text("device.length", { n: frame.length });
    return rowsOf(frame.hex).map((row) => `${row.offset}  ${row.hex}  ${row.ascii}`).join("\n");
  }

  meaning(frame) {
    return frame.words.map((word) => make("div", { class: FLAWS.has(word.name) ? "flaw" : null },
      this.text(`frame.${word.name}`, { value: word.value }).trim()));
  }
}

export function sayState(watch, text) {
  const names = { off: "not_watching", watching: "watching", broken: "reconnecting" };
  byId("watching").dataset.state = { watching: "live", broken: "stale" }[watch.state] ?? "";
  setText(byId("watching"), text(`device.${names[watch.state]}`));
  const told = [];
  if (watch.leftOut) told.push(text("device.left_out", { n: watch.leftOut }));
  if (watch.dropped) told.push(text("device.dropped", { n: watch.frames.length }));
  setText(byId("frames-left"), told.join(" "));
  setHidden(byId("frames-left"), told.length === 0);
}
