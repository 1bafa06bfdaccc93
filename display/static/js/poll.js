// Reading the snapshot by asking: one conditional request, and a loop that rests when nobody looks.

const TIMEOUT_MS = 8000;
const BACKOFF_MAX_MS = 60000;
const JITTER = 0.2; // so that phones which woke together do not ask together

export class Reader {
  constructor(url, fetcher = (...request) => fetch(...request)) {
    this.url = url;
    this.fetch = fetcher;
    this.tag = null;
  }

  // {snapshot, date}; snapshot is null when nothing changed. Throws when there is no answer.
  async read() {
    const headers = this.tag ? { "If-None-Match": this.tag } : {};
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
    try {
      return await this.answered(headers, abort.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  async answered(headers, signal) {
    // `no-store`: the browser's own cache must not answer instead of the hall.
    const answer = await this.fetch(this.url, { headers, signal, cache: "no-store" });
    const date = answer.headers.get("Date");
    if (answer.status === 304) return { snapshot: null, date };
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const snapshot = await answer.json();
    this.tag = answer.headers.get("ETag");
    return { snapshot, date };
  }
}

export function browserWorld() {
  return {
    later: (call, ms) => setTimeout(call, ms),
    cancel: (handle) => clearTimeout(handle),
    random: () => Math.random(),
    hidden: () => document.hidden,
    onWake: (call) => {
      document.addEventListener("visibilitychange", call);
      window.addEventListener("pageshow", call);
    },
  };
}

// Ask every `interval()` ms; not while hidden, at once on waking, ever slower while it fails.
// `onRead({snapshot, date})` after each answer, `onFailure(error)` after each silence.
export class Poll {
  constructor({ reader, interval, onRead, onFailure, world = browserWorld() }) {
    Object.assign(this, { reader, interval, onRead, onFailure, world });
    this.failures = 0;
    this.timer = null;
    this.asking = false;
    this.stopped = false;
  }

  // For good: there is nothing left to learn.
  stop() {
    this.stopped = true;
    this.rest();
  }

  start() {
    this.world.onWake(() => (this.world.hidden() ? this.rest() : this.ask()));
    this.plan();
    return this;
  }

  rest() {
    this.world.cancel(this.timer);
    this.timer = null;
  }

  plan() {
    this.rest();
    if (this.stopped || this.world.hidden()) return;
    const wish = this.interval() * 2 ** Math.min(this.failures, 10);
    const pause = this.failures ? Math.min(wish, BACKOFF_MAX_MS) : wish;
    const shake = 1 + JITTER * (2 * this.world.random() - 1);
    this.timer = this.world.later(() => this.ask(), pause * shake);
  }

  async ask() {
    if (this.asking || this.stopped) return;
    this.asking = true;
    this.rest();
    try {
      const answer = await this.reader.read();
      this.failures = 0;
      this.onRead(answer);
    } catch (error) {
      this.failures += 1;
      this.onFailure(error);
    } finally {
      this.asking = false;
      this.plan();
    }
  }
}
