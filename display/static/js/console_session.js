// One clerk's work at one window, without a pixel: the desk as the server tells it, and one
// command at a time that is never dropped in silence.
//
// How it works: a command gets its key before it leaves and keeps it, also across a reload of the
// page, until there is an answer. Silence and server faults are asked again with the same key, so
// the command is done once or not at all, and the clerk learns which. A press is an intention of
// the moment: after RETRY_FOR_MS nobody is called any more, and the page says that it gave up.

import { newKey } from "./api.js";
import { ruleAgainst } from "./console_reasons.js";

export const RETRY_FOR_MS = 60000;
export const OTHERS_EVERY_MS = 300; // a busy hall changes ten times a second; nobody reads faster
export const LOOK_AGAIN_MS = 15000; // alarms come with time alone, without an event
const SLOW_MS = 700;
const DESK_WITHIN_MS = 1000; // an answer is not kept back longer for a desk that does not come
const PAUSE_MS = 500;
const PAUSE_MAX_MS = 4000;

export class Session {
  // `api.request(method, path, body, key)` as in api.js; `path(...parts)` below the window;
  // `world` {now (ms that never step), later(call, ms), store {get, set, remove}}.
  constructor({ desk, api, path, world }) {
    Object.assign(this, { desk, api, path, world });
    this.live = true;
    this.lastSign = null;
    this.pending = null; // the command under way
    this.unanswered = false; // whether it has met silence, or takes its time
    this.snapshot = null;
    this.listeners = [];
    this.fetching = null;
    this.fetchAgain = false;
    this.fetchedAt = -Infinity;
    this.wake = null;
    this.awaited = null; // {seq, resolve} of the desk that a command led to
  }

  // `listener(what, facts)`: "desk", "state", "working", "retrying", "done", "refused",
  // "unknown", "relieved", "failed", "signed-out".
  on(listener) {
    this.listeners.push(listener);
  }

  tell(what, facts = {}) {
    for (const listener of this.listeners) listener(what, facts);
  }

  get taken() {
    return this.desk.window.status !== "closed" && !this.desk.window.yours;
  }

  // Null if `action` may be sent, else {code, facts} of the sentence that says why not.
  whyNot(action) {
    const { desk } = this;
    if (!this.live) return { code: "offline" };
    if (this.pending) return { code: "working" };
    if (this.taken && action !== "open") {
      return { code: "not_yours", facts: { clerk: desk.window.clerk } };
    }
    return desk.actions.includes(action) ? null : ruleAgainst(action, desk);
  }

  // Send `action`; returns when its end is known. Only one at a time.
  async run(action, body) {
    const reason = this.whyNot(action);
    if (reason) {
      this.tell("refused", { action, ...reason });
      return;
    }
    const who = this.desk.mine.name;
    await this.finish({ action, body, key: newKey(), who, at: this.world.now() });
  }

  // After a reload: the command that had no answer yet, if it is the same person's.
  async resume() {
    const left = this.world.store.get();
    if (!left) return;
    if (left.who !== this.desk.mine.name) this.world.store.remove();
    else if (this.world.now() - left.at < RETRY_FOR_MS) await this.finish(left);
    else {
      this.world.store.remove();
      this.tell("unknown", { action: left.action }); // the desk shows what is true
    }
  }

  async finish(command) {
    this.pending = command;
    this.world.store.set(command);
    this.tell("working", { action: command.action });
    this.world.later(() => this.slow(command), SLOW_MS);
    const { what, facts } = await this.answerOf(command);
    if (what !== "signed-out") this.world.store.remove(); // signed in again, it goes on
    // What was done is told together with the desk it led to, so that the next key finds it.
    if (what === "done") await this.deskWith(facts.answer.seq ?? 0);
    this.pending = null;
    this.unanswered = false;
    this.tell(what, { action: command.action, body: command.body, ...facts });
    if (what !== "done") await this.fetchDesk();
  }

  // Most answers come within a blink, and nothing flickers for them.
  slow(command) {
    if (this.pending !== command || this.unanswered) return;
    this.unanswered = true;
    this.tell("state");
  }

  // Resolves with the first desk that holds the event `seq`, or when that takes too long.
  deskWith(seq) {
    return new Promise((resolve) => {
      this.awaited = { seq, resolve };
      this.world.later(resolve, DESK_WITHIN_MS);
      this.fetchDesk();
    });
  }

  async answerOf({ action, body, key, at }) {
    for (let tries = 0; ; tries += 1) {
      try {
        const answer = await this.api.request("POST", this.path(action), body, key);
        return { what: "done", facts: { answer, retried: tries > 0 } };
      } catch (problem) {
        if (problem.status === 401) return { what: "signed-out", facts: {} };
        const { code, facts } = problem;
        if (!problem.uncertain) return { what: "refused", facts: { code, facts } };
        if (this.world.now() - at >= RETRY_FOR_MS) return { what: "unknown", facts: {} };
        this.unanswered = true;
        this.tell("retrying", { action });
        await this.pause(Math.min(PAUSE_MS * 2 ** tries, PAUSE_MAX_MS));
      }
    }
  }

  // Until the time is over or the connection is back.
  pause(ms) {
    return new Promise((resolve) => {
      this.wake = resolve;
      this.world.later(resolve, ms);
    });
  }

  heard(snapshot) {
    this.snapshot = snapshot;
    if (snapshot.seq !== this.desk.seq) this.changed();
  }

  setLive(live, lastSign) {
    Object.assign(this, { live, lastSign });
    if (live) {
      this.wake?.();
      this.fetchDesk();
    }
    this.tell("state");
  }

  // Somebody did something somewhere: look, but not more often than anybody can read.
  changed() {
    if (this.pending || this.soon) return; // the end of a command looks anyway
    const wait = Math.max(0, this.fetchedAt + OTHERS_EVERY_MS - this.world.now());
    this.soon = true;
    this.world.later(() => {
      this.soon = false;
      if (!this.pending) this.fetchDesk();
    }, wait);
  }

  lookAgain() {
    if (this.live && this.world.now() - this.fetchedAt >= LOOK_AGAIN_MS) this.fetchDesk();
  }

  // One question at a time; a change that arrives meanwhile causes exactly one more.
  fetchDesk() {
    if (this.fetching) this.fetchAgain = true;
    this.fetching ??= this.fetchAll().finally(() => { this.fetching = null; });
    return this.fetching;
  }

  async fetchAll() {
    try {
      do {
        this.fetchAgain = false;
        this.fetchedAt = this.world.now();
        this.take(await this.api.request("GET", this.path()));
      } while (this.fetchAgain);
    } catch (problem) {
      if (problem.status === 401) this.tell("signed-out");
      else if (problem.status !== 0) this.tell("failed", problem);
    }
  }

  take(desk) {
    const before = this.desk;
    this.desk = desk;
    if (desk.seq >= (this.awaited?.seq ?? Infinity)) this.awaited.resolve();
    if (before.window.yours && this.taken) this.tell("relieved");
    this.tell("desk", { before });
  }
}
