// A code scanner is a keyboard: many keys in a few milliseconds, then Enter. Caught anywhere on
// the page, whatever has the focus.

const GAP_MAX_MS = 80; // the slowest scanners send a key in 30 ms; nobody types four in 320 ms
const KEYS_MIN = 4; // the shortest appointment code
const KEYS_MAX = 512; // as many as the hall takes

// Collects keys; `key(key, at)` returns the code when a burst ends with Enter, else null.
export class Burst {
  constructor() {
    this.forget();
  }

  forget() {
    this.keys = "";
    this.at = -Infinity;
  }

  key(key, at) {
    const fast = at - this.at <= GAP_MAX_MS;
    this.at = at;
    if (key === "Enter") {
      const code = this.keys;
      this.forget();
      return fast && code.length >= KEYS_MIN ? code : null;
    }
    if (key.length !== 1) return null; // Shift comes before each capital
    this.keys = fast ? (this.keys + key).slice(-KEYS_MAX) : key;
    return null;
  }
}

// Call `onCode(code)` for each scan. What the burst left in a text field is taken out again.
export function listen(onCode) {
  const burst = new Burst();
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
      const code = burst.key(event.key, event.timeStamp);
      if (code === null) return;
      event.preventDefault(); // or Enter would press whatever has the focus
      event.stopPropagation();
      const field = document.activeElement;
      if (field instanceof HTMLInputElement && field.value.endsWith(code)) {
        field.value = field.value.slice(0, -code.length);
        field.dispatchEvent(new Event("input"));
      }
      onCode(code);
    },
    { capture: true },
  );
}
