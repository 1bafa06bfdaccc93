// A session of this page with its window: the live stream, the hall's clock, what was left over
// from before a reload.

import { Api, hallPath } from "./api.js";
import { HallClock } from "./clock.js";
import { Session } from "./console_session.js";
import { follow } from "./live.js";
import { csrf, data } from "./page.js";

// Survives a reload of this tab, and only that; where storage is forbidden nothing is kept.
function tabStore(name) {
  return {
    get: () => attempt(() => JSON.parse(sessionStorage.getItem(name))),
    set: (value) => attempt(() => sessionStorage.setItem(name, JSON.stringify(value))),
    remove: () => attempt(() => sessionStorage.removeItem(name)),
  };
}

function attempt(call) {
  try {
    return call();
  } catch {
    return null;
  }
}

export const api = new Api({ csrf: csrf(), language: data.language });

// {session, clock}; follows the hall from `start()` on.
export function linked() {
  const clock = new HallClock();
  const { hall, window: place, desk } = data;
  const session = new Session({
    desk,
    api,
    path: (...parts) => hallPath(hall.id, "windows", place.id, ...parts),
    world: {
      now: () => performance.timeOrigin + performance.now(),
      later: (call, ms) => setTimeout(call, ms),
      store: tabStore(`queued.${hall.id}.${place.id}.pending`),
    },
  });
  clock.observed(desk.observed_at);
  session.on((what) => {
    if (what === "desk") clock.observed(session.desk.observed_at);
  });
  const start = () => {
    follow({
      hall: hall.id,
      clock,
      onSnapshot: (snapshot) => session.heard(snapshot),
      onState: ({ live, lastSign }) => session.setLive(live, lastSign),
    });
    session.resume();
  };
  return { session, clock, start };
}

// When the last sign of the server was, on the hall's clock.
export function lastSignAt(session, clock) {
  return clock.now() - (performance.now() - session.lastSign);
}

export function signIn() {
  location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
}
