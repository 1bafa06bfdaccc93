// Keeps the page on the screen: no menus, no zoom, no selection, no keys that lead away. The
// browser's own flags do the rest (see systemd/kiosk/README.md).

const AWAY = new Set([
  "BrowserBack", "BrowserForward", "BrowserHome", "BrowserRefresh", "BrowserSearch",
  "ContextMenu", "Escape", "PrintScreen",
]);
const STOPPED = ["contextmenu", "dragstart", "drop", "dragover", "selectstart", "auxclick",
  "gesturestart", "copy", "cut", "paste"];

// Whether a key could leave the page or open something over it.
export function leadsAway(event) {
  if (/^F([1-9]|1\d|2[0-4])$/.test(event.key) || AWAY.has(event.key)) return true;
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  const typing = event.target instanceof HTMLInputElement;
  return event.key === "Backspace" && !typing;
}

function stop(event) {
  event.preventDefault();
}

export function guard() {
  for (const name of STOPPED) document.addEventListener(name, stop);
  document.addEventListener(
    "keydown",
    (event) => {
      if (leadsAway(event)) stop(event);
    },
    { capture: true },
  );
  const active = { passive: false };
  document.addEventListener("wheel", (event) => event.ctrlKey && stop(event), active);
  const several = (event) => event.touches.length > 1 && stop(event);
  document.addEventListener("touchmove", several, active);
  // A swipe from the edge or a mouse's side button goes back: to the same page.
  history.pushState(null, "");
  window.addEventListener("popstate", () => history.pushState(null, ""));
}
