// One number for one wish, however often it is tapped, and across a reload of the page or a
// restart of the hall: the wish and its key are kept until the visitor has finished.

import { newKey } from "./api.js";

const NAME = "queued.kiosk.wish";

// Whoever waits longer than this for an answer has gone to somebody of the staff: his wish must
// not become a number when the lights come back after lunch.
export const KEPT_MS = 120000;

export class Intent {
  constructor({ storage = sessionStorage, now = () => Date.now(), make = newKey } = {}) {
    Object.assign(this, { storage, now, make });
  }

  // The kept wish {body, key, at}, or null.
  kept() {
    let wish = null;
    try {
      wish = JSON.parse(this.storage.getItem(NAME));
    } catch {
      // Not ours, or no storage at all: then a reload forgets, as a page does.
    }
    const age = this.now() - (wish?.at ?? NaN);
    if (age >= 0 && age <= KEPT_MS && wish.key && wish.body) return wish;
    this.forget();
    return null;
  }

  // The key for `body`: that of the kept wish if it is the same one.
  key(body) {
    const wish = this.kept();
    if (wish && JSON.stringify(wish.body) === JSON.stringify(body)) return wish.key;
    const key = this.make();
    try {
      this.storage.setItem(NAME, JSON.stringify({ body, key, at: this.now() }));
    } catch {
      // Storage is full or forbidden: the key lives as long as this page.
    }
    return key;
  }

  forget() {
    try {
      this.storage.removeItem(NAME);
    } catch {
      // Nothing was kept then.
    }
  }
}
