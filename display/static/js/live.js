// The hall's live snapshot for screens inside the hall: one reconnecting event stream.
//
// How it works: the stream brings every change. While it is broken we ask for the snapshot every
// few seconds and keep trying to open the stream again. A stream that is silent for a while is
// probed, because a dead connection looks just like a quiet hall. The state is "live" while the
// stream is open or an answer is fresh, and "stale" five seconds after the last sign of life;
// the last data stays visible, marked as old, never replaced by nothing.

import { Reader } from "./poll.js";

export const STALE_AFTER_MS = 5000;
export const PROBE_AFTER_MS = 20000; // longer than the server's 15 s heartbeat
const ASK_EVERY_MS = 3000; // below STALE_AFTER_MS: working questions keep the page live
const REOPEN_MAX_MS = 15000;
const TICK_MS = 500;
const CLOSED = 2; // EventSource.CLOSED

export function browserWorld() {
  return {
    now: () => performance.now(),
    every: (call, ms) => setInterval(call, ms),
    random: () => Math.random(),
    open: (url) => new EventSource(url),
    fetch: (...request) => fetch(...request),
  };
}

// Follow {hall, initial, clock, onSnapshot, onState}: `onSnapshot(snapshot)` for each newer one,
// `onState({live, lastSign})` on change (`lastSign` on the world's monotonic clock); `clock` gets
// every hint of the server's time.
export function follow({ initial = null, world = browserWorld(), ...rest }) {
  return new Follower({ initial, world, ...rest }).start();
}

// Whether `snapshot` should replace `current`. Seq never goes back, except after a restore.
export function isNewer(snapshot, current) {
  if (!current || snapshot.seq > current.seq) return true;
  return snapshot.seq < current.seq &&
    Date.parse(snapshot.observed_at) > Date.parse(current.observed_at);
}

class Follower {
  constructor({ hall, initial, clock, onSnapshot, onState, world }) {
    const url = `/api/v1/halls/${encodeURIComponent(hall)}`;
    Object.assign(this, { clock, onSnapshot, onState, world });
    this.stream = `${url}/stream`;
    this.reader = new Reader(url, world.fetch);
    this.snapshot = initial;
    this.source = null;
    this.opened = false;
    this.reopenAt = 0;
    this.refusals = 0;
    this.askedAt = -Infinity;
    this.asking = false;
    this.heardAt = world.now(); // the page itself has just come from the server
    this.live = null;
  }

  start() {
    if (this.snapshot) this.clock.observed(this.snapshot.observed_at);
    this.openStream();
    this.ask(); // tells the time, and the state even where streams are blocked
    this.world.every(() => this.tick(), TICK_MS);
    return this;
  }

  openStream() {
    this.source?.close();
    const source = this.world.open(this.stream);
    this.source = source;
    source.onopen = () => this.streamOpened(source);
    source.onerror = () => this.streamBroke(source);
    source.addEventListener("snapshot", (event) => {
      if (source !== this.source) return;
      this.streamOpened(source);
      this.take(JSON.parse(event.data));
    });
  }

  streamOpened(source) {
    if (source !== this.source) return;
    this.opened = true;
    this.refusals = 0;
    this.heard();
  }

  streamBroke(source) {
    if (source !== this.source) return;
    this.opened = false;
    // After a network error the browser reconnects by itself (with Last-Event-ID); after a
    // refusal (503 …) it gives up and we open anew, ever slower.
    if (source.readyState === CLOSED) {
      const pause = Math.min(1000 * 2 ** this.refusals, REOPEN_MAX_MS);
      this.refusals += 1;
      this.reopenAt = this.world.now() + pause * (0.8 + 0.4 * this.world.random());
    }
    this.judge();
  }

  heard() {
    this.heardAt = this.world.now();
    this.judge();
  }

  take(snapshot) {
    this.clock.observed(snapshot.observed_at);
    if (!isNewer(snapshot, this.snapshot)) return false;
    this.snapshot = snapshot;
    this.onSnapshot(snapshot);
    return true;
  }

  tick() {
    const now = this.world.now();
    const closed = this.source.readyState === CLOSED;
    if (!this.opened && closed && now >= this.reopenAt) this.openStream();
    const wait = this.opened ? PROBE_AFTER_MS : ASK_EVERY_MS;
    const since = this.opened ? Math.max(this.heardAt, this.askedAt) : this.askedAt;
    if (now - since >= wait) this.ask();
    this.judge();
  }

  async ask() {
    if (this.asking) return;
    this.asking = true;
    this.askedAt = this.world.now();
    const streamed = this.opened;
    const silent = streamed && this.askedAt - this.heardAt >= PROBE_AFTER_MS;
    try {
      const { snapshot, date } = await this.reader.read();
      this.clock.date(date);
      this.heard();
      const missed = snapshot !== null && this.take(snapshot);
      if (missed && silent) this.reopen(); // the stream owed us this one
    } catch {
      // No answer: an open stream that cannot be confirmed is not trusted either.
      if (streamed) this.reopen();
      this.judge();
    } finally {
      this.asking = false;
    }
  }

  reopen() {
    this.opened = false;
    this.openStream();
  }

  judge() {
    const live = this.opened || this.world.now() - this.heardAt < STALE_AFTER_MS;
    if (live === this.live) return;
    this.live = live;
    this.onState({ live, lastSign: this.heardAt });
  }
}
