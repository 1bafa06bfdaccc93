// Watches a device's line: one event stream, a bounded list of frames, pause without losing any.

export const KEPT_MAX = 1000; // frames; a slip has some forty
const AGAIN_MS = 3000;
const CLOSED = 2; // EventSource.CLOSED

export class FrameWatch {
  // `onChange(watch)` after every change; `open(url)` makes an EventSource.
  constructor({ url, onChange, open = (address) => new EventSource(address), later = setTimeout }) {
    Object.assign(this, { url, onChange, open, later });
    this.frames = [];
    this.state = "off"; // off, watching, broken
    this.paused = false;
    this.leftOut = 0;
    this.dropped = 0;
    this.shown = 0; // how many of `frames` were there when it was paused
    this.source = null;
  }

  start() {
    if (this.source) return;
    this.connect();
  }

  stop() {
    this.source?.close();
    this.source = null;
    this.set("off");
  }

  pause(paused) {
    this.paused = paused;
    this.shown = this.frames.length;
    this.onChange(this);
  }

  clear() {
    Object.assign(this, { frames: [], leftOut: 0, dropped: 0, shown: 0 });
    this.onChange(this);
  }

  // What is to be seen now.
  visible() {
    return this.paused ? this.frames.slice(0, this.shown) : this.frames;
  }

  connect() {
    const source = this.open(this.url);
    this.source = source;
    source.onopen = () => source === this.source && this.set("watching");
    source.onerror = () => {
      if (source !== this.source) return;
      this.set("broken");
      // After a refusal the browser gives up; we ask again.
      if (source.readyState === CLOSED) {
        this.later(() => { if (source === this.source) this.connect(); }, AGAIN_MS);
      }
    };
    source.addEventListener("frame", (event) => {
      if (source === this.source) this.take(JSON.parse(event.data));
    });
  }

  take(frame) {
    this.leftOut += frame.left_out;
    this.frames.push(frame);
    if (this.frames.length > KEPT_MAX) {
      this.frames.shift();
      this.dropped += 1;
      this.shown = Math.max(0, this.shown - 1);
    }
    this.onChange(this);
  }

  set(state) {
    this.state = state;
    this.onChange(this);
  }
}
