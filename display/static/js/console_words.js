// The console's sentences: what a ticket is for, why something is not possible, what was done.

import { data, nameOf } from "./page.js";
import { texts } from "./texts.js";

export const words = texts(data.texts);
const { text, problem, wordFor } = words;

export function queueName(id) {
  const queue = data.services.queues.find((candidate) => candidate.id === id);
  return queue ? nameOf(queue) : id;
}

export function whatFor(ticket) {
  const service = data.services.services.find((candidate) => candidate.id === ticket.service);
  return service ? nameOf(service) : queueName(ticket.queue);
}

// What the next one comes for: the list of those waiting knows the service too.
export function nextFor({ next, waiting }) {
  return whatFor(waiting.find(({ number }) => number === next.number) ?? next);
}

export function className(id) {
  const word = wordFor("class", id);
  const described = data.services.classes.find((candidate) => candidate.id === id);
  return word === id && described ? nameOf(described) : word;
}

export function outcomeName(id) {
  const outcome = data.services.outcomes.find((candidate) => candidate.id === id);
  return outcome ? nameOf(outcome) : wordFor("reason", id);
}

export function actionName(action) {
  return text(`console.${action.replaceAll("-", "_")}`);
}

// Why not, as a sentence; our own reasons first, then those of the rulebook.
export function reasonText({ code, facts }) {
  const own = { offline: "not_offline", working: "not_working", not_now: "not_now" }[code];
  return own ? text(`console.${own}`) : problem(code, facts);
}

// What the answer to `action` says.
export function doneText({ action, body, answer }) {
  const number = answer.ticket?.number ?? body?.number ?? "";
  const plain = !body?.outcome || body.outcome === data.services.outcomes[0]?.id;
  if (action === "finish" && !(plain && (body?.count ?? 1) === 1)) {
    const facts = { number, outcome: outcomeName(body.outcome), n: body.count ?? 1 };
    return text("console.done_finish_as", facts);
  }
  return text(`console.done_${action.replaceAll("-", "_")}`, { number });
}

// {sentence, kind} of what a session tells, or null for what needs no words.
export function spoken(what, facts) {
  const name = facts.action ? actionName(facts.action) : "";
  switch (what) {
    case "working": return { sentence: text("console.working", { action: name }), kind: "working" };
    case "retrying": return { sentence: text("console.retrying", { action: name }), kind: "warn" };
    case "done": {
      const done = doneText(facts);
      const late = facts.retried ? text("console.retried", { done }) : done;
      return { sentence: late, kind: "good" };
    }
    case "refused": return { sentence: reasonText(facts), kind: "bad" };
    case "unknown": return { sentence: text("console.gave_up", { action: name }), kind: "bad" };
    case "failed": return { sentence: problem(facts.code, facts.facts), kind: "bad" };
    default: return null;
  }
}
