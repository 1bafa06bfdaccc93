// Which call a screen announces now. Calls that come at once are shown one after the other, each
// for a minimum time, in the order of the journal. Pure: the time is given by the caller.
//
// How it works: the snapshot holds the latest calls, newest first. What is newer than all seen
// so far waits in `pending`; `show(now)` moves on when the one on the screen has had its time. A
// call that was undone is in no snapshot any more and leaves at once. Everything is bounded by
// the 20 calls of a snapshot.

export const SHOWN_MS = 4000; // long enough to read a number and a window from across the hall
export const HURRIED_MS = 2000; // when more wait than RUSH
export const RUSH = 4;
export const FRESH_MS = 10000; // so long a call looks like a new one, if no other comes
const OLD_MS = 45000; // after a broken line: whoever was called earlier is there or has missed it

export class Callout {
  constructor() {
    this.seen = null; // the highest seq of a call taken in
    this.calls = [];
    this.pending = []; // oldest first
    this.current = null;
    this.since = -Infinity;
    this.fresh = false;
  }

  // The calls of a snapshot, newest first; `observedAt` is its time in Unix milliseconds.
  take(calls, observedAt, now) {
    this.calls = calls;
    const newest = calls.reduce((most, call) => Math.max(most, call.seq), 0);
    if (this.seen !== null) {
      const recent = calls.filter((call) => call.seq > this.seen &&
        !(observedAt - Date.parse(call.at) > OLD_MS));
      this.pending.push(...recent.reverse());
    }
    if (this.seen === null || newest < this.seen) this.pending = []; // the first, or a restore
    this.seen = newest;
    const still = new Set(calls.map((call) => call.seq));
    this.pending = this.pending.filter((call) => still.has(call.seq));
    if (!this.current || !still.has(this.current.seq)) {
      this.current = null;
      this.since = -Infinity;
    }
    return this.show(now);
  }

  // {call, fresh, earlier, more}: the announced call (or null), whether it looks new, those
  // before it (newest first), and how many wait to be announced.
  show(now) {
    const turn = this.pending.length > RUSH ? HURRIED_MS : SHOWN_MS;
    if (this.pending.length && now - this.since >= turn) {
      this.current = this.pending.shift();
      this.since = now;
      this.fresh = true;
    }
    const waiting = new Set(this.pending.map((call) => call.seq));
    const told = this.calls.filter((call) => !waiting.has(call.seq));
    if (!this.current) {
      this.current = told[0] ?? null;
      this.fresh = false;
    }
    if (now - this.since >= FRESH_MS) this.fresh = false;
    return {
      call: this.current,
      fresh: this.fresh,
      earlier: told.filter((call) => call.seq !== this.current?.seq),
      more: this.pending.length,
    };
  }
}
