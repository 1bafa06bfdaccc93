// What the phone pages share: follow the hall's snapshot, say how old it is, rest when hidden.
//
// The floor of everything the phone pages load is ES2018 with modules (Chromium 61, WeChat's
// older cores); below it `reload.js` refreshes the page, and without script the page itself does.

import { HallClock } from "./clock.js";
import { byId, setHidden, setText } from "./dom.js";
import { Poll, Reader } from "./poll.js";

// A server that answers but has not heard from its hall: its snapshot is at most a minute old
// while all is well.
const STALE_AFTER_MS = 180000;

// `interval()` in ms; `onSnapshot(snapshot, changed)` after each answer. Returns the `Poll`.
export function follow({ hall, observedAt, interval, onSnapshot, text }) {
  const clock = new HallClock();
  let observed = observedAt;
  let snapshot = null;
  clock.observed(observed);
  let answered = clock.text();

  // The server knows sooner that the hall is silent: what it said stands until there is news.
  const silentSince = byId("stale").hidden ? null : observedAt;

  function badge(why) {
    const shown = why !== null;
    if (shown) setText(byId("stale"), text(why, { at: answered.slice(0, 5) }));
    setHidden(byId("stale"), !shown);
    byId("stale").parentElement.dataset.stale = shown;
  }

  function onRead({ snapshot: read, date }) {
    clock.date(date);
    if (read) {
      snapshot = read;
      observed = read.observed_at;
      clock.observed(observed);
    }
    const old = observed === silentSince || clock.now() - Date.parse(observed) > STALE_AFTER_MS;
    answered = old ? observed.slice(11, 19) : clock.text();
    badge(old ? "phone.silent" : null);
    setText(byId("updated"), text("live.updated", { at: answered }));
    if (snapshot) onSnapshot(snapshot, read !== null);
  }

  const reader = new Reader(`/api/v1/halls/${encodeURIComponent(hall)}`);
  const onFailure = () => badge("phone.offline");
  const poll = new Poll({ reader, interval, onRead, onFailure }).start();
  poll.ask(); // the page may be a copy that the browser kept
  return poll;
}
