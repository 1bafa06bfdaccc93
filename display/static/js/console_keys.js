// The keys of a window, wherever the focus is: in a list, on a button, in a field.

export const KEYS = {
  F2: "call-next", "Shift+F2": "call", F3: "recall", F4: "start", F6: "transfer", F7: "park",
  "Shift+F7": "unpark", F8: "finish", "Shift+F8": "finish-other", F9: "miss", F10: "service",
  "Ctrl+z": "undo",
};

// The action of a key event, or null. Ctrl+Z in a field takes back what was typed there.
export function actionOf(event) {
  const { key } = event;
  if (event.altKey || event.metaKey || !key) return null;
  let name = event.shiftKey ? `Shift+${key}` : key;
  if (event.ctrlKey) name = event.shiftKey ? "" : `Ctrl+${key.toLowerCase()}`;
  const typing = event.target?.matches?.("input:not([type=radio]), textarea");
  return typing && name === "Ctrl+z" ? null : (KEYS[name] ?? null);
}

// Calls `want(action)` once for each press; a key held down is one press.
export function listen(target, want) {
  target.addEventListener("keydown", (event) => {
    const action = actionOf(event);
    if (!action) return;
    event.preventDefault(); // F3 searches, F6 goes to the address bar …
    if (!event.repeat) want(action);
  });
}

// Which choice digits mean, typed one after the other: `before` is the number so far (0 = none).
// "1" "2" is the twelfth of twelve or more, and the second of eleven or fewer.
export function chosen(before, digit, count) {
  const longer = before * 10 + digit;
  if (longer >= 1 && longer <= count) return longer;
  return digit >= 1 && digit <= count ? digit : 0;
}
