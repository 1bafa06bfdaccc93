// Where one ticket stands in the snapshot that everybody shares. Pure.

// {ahead} while it waits, {called: window} while it is at a window, null otherwise.
export function placeOf(snapshot, number) {
  const at = snapshot.windows.find((window) => window.number === number);
  if (at) return { window: at.id, state: at.state, ahead: null };
  for (const queue of snapshot.queues) {
    const ahead = queue.order.indexOf(number);
    if (ahead >= 0) return { window: null, state: "waiting", ahead };
  }
  return null;
}

// What must be equal for the ticket's own record to be surely unchanged (but for the wait).
export function mark(snapshot, number) {
  const place = placeOf(snapshot, number);
  const calls = snapshot.calls.filter((call) => call.number === number);
  const times = calls.reduce((most, call) => Math.max(most, call.times), 0);
  return `${place ? place.state : "gone"}|${place && place.window ? place.window : ""}|${times}`;
}

// How long to wait before the next question, ms: near the front one wants to know soon.
export function askAfter(ahead) {
  if (ahead === null || ahead <= 3) return 5000;
  return ahead <= 10 ? 15000 : 30000;
}
