// Follows the slip of a ticket just taken, for the kiosk.

const ASK_EVERY_MS = 1000;
const SLOW_AFTER_MS = 8000; // a slip takes 2-3 s; later the visitor must not stand there waiting
const GIVE_UP_AFTER_MS = 60000;
const UNKNOWN_UNTIL_MS = 3000; // a slip follows its ticket: at first the hall may know of none

function browserWorld() {
  return {
    now: () => performance.now(),
    later: (call, ms) => setTimeout(call, ms),
    cancel: (handle) => clearTimeout(handle),
  };
}

// What a status of the slip means for the visitor: wait, ok or failed. Codes as in the API.
export function meaning(status) {
  if (status === "confirmed" || status === "sent") return "ok";
  return status === "queued" ? "wait" : "failed";
}

// Calls `onChange("wait" | "slow" | "ok" | "failed", reason)` on each change until the end is
// known or `stop()` is called. "sent" is good news but not the last word.
export class SlipWatch {
  constructor({ ask, onChange, world = browserWorld() }) {
    Object.assign(this, { ask, onChange, world });
    this.stopped = false;
    this.last = null;
    this.startedAt = world.now();
  }

  start() {
    this.step();
    return this;
  }

  stop() {
    this.stopped = true;
    this.world.cancel(this.timer);
  }

  async step() {
    let status = null;
    try {
      status = await this.ask();
    } catch {
      // No news is treated like a queued slip: slow after a while, never a false "take it".
    }
    if (this.stopped) return;
    const waited = this.world.now() - this.startedAt;
    const unknown = !status || (status.status === "none" && waited < UNKNOWN_UNTIL_MS);
    let state = unknown ? "wait" : meaning(status.status);
    if (state === "wait" && waited >= SLOW_AFTER_MS) state = "slow";
    if (state !== this.last) this.onChange(state, status?.reason ?? null);
    this.last = state;
    const final = state === "failed" || status?.status === "confirmed";
    if (final || waited >= GIVE_UP_AFTER_MS) return;
    this.timer = this.world.later(() => this.step(), ASK_EVERY_MS);
  }
}
