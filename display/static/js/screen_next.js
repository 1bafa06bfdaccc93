// Who should get ready for a window. Pure.

const SHOWN = 3;

// The first numbers of the window's queues, one of each queue in turn: which of them comes first
// the rules decide when the window calls.
export function nextUp(queues) {
  const found = [];
  for (let place = 0; place < SHOWN; place += 1) {
    for (const queue of queues) {
      const number = queue.order[place];
      if (number && found.length < SHOWN) found.push(number);
    }
  }
  return found;
}
