// Which rule of the hall forbids an action that the desk does not offer: {code, facts} of its
// sentence, so that a clerk reads why before anything is sent.

const WITHOUT_TICKET = {
  recall: "ticket_not_called", start: "ticket_not_called", miss: "ticket_not_called",
  park: "ticket_not_called", transfer: "ticket_not_called", finish: "ticket_not_serving",
};
const CALLED = { recall: "too_many_recalls", finish: "ticket_not_serving" };
const SERVING = {
  recall: "ticket_not_called", start: "ticket_not_called", miss: "ticket_not_called",
};

export function ruleAgainst(action, desk) {
  const { ticket } = desk;
  if (!desk.open) return { code: "hall_closed" };
  if (action === "undo") return { code: "too_late_to_undo" };
  if (desk.window.status !== "open") return { code: "window_not_open" };
  const inHand = { called: CALLED, serving: SERVING }[ticket?.status] ?? WITHOUT_TICKET;
  if (inHand[action]) return { code: inHand[action] };
  return ticket ? { code: "window_busy", facts: { number: ticket.number } } : { code: "not_now" };
}
