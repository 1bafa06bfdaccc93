// How an expected wait is worded. The rule is explained in display/waits.py; both run the same
// vectors in the tests.

const STEPS = [[30, 5], [90, 10]];
const LONG_STEP = 30;
const SOON_S = 300;

export function roundUp(seconds) {
  for (const [limit, step] of STEPS) {
    if (seconds <= limit * 60) return Math.max(step, Math.ceil(seconds / (step * 60)) * step);
  }
  return Math.ceil(seconds / (LONG_STEP * 60)) * LONG_STEP;
}

export function roundDown(seconds) {
  for (const [limit, step] of STEPS) {
    if (seconds < limit * 60) return Math.max(0, Math.floor(seconds / (step * 60)) * step);
  }
  return Math.floor(seconds / (LONG_STEP * 60)) * LONG_STEP;
}

export function shown(wait, ahead = null) {
  if (ahead === 0) return { kind: "next", minutes: null, low: null, high: null };
  if (!wait) return { kind: "unknown", minutes: null, low: null, high: null };
  const minutes = roundUp(wait.p80_s);
  return {
    kind: wait.p80_s < SOON_S ? "soon" : "within",
    minutes,
    low: roundDown(wait.p50_s),
    high: Math.max(roundUp(wait.p90_s), minutes),
  };
}

const SPAN_STEP_S = 300;
const FAR_S = 90 * 60;
const FAR_STEP_S = 1800;

// What a phone shows: from the 50 % to the 80 % bound, rounded outward.
export function span(wait, ahead = null) {
  if (ahead === 0) return { kind: "next", low: null, high: null };
  if (!wait) return { kind: "unknown", low: null, high: null };
  const most = Math.max(wait.p50_s, wait.p80_s);
  if (most <= SPAN_STEP_S) return { kind: "soon", low: null, high: null };
  const step = most <= FAR_S ? SPAN_STEP_S : FAR_STEP_S;
  const high = Math.ceil(most / step) * step;
  const low = Math.min(Math.floor(wait.p50_s / step) * step, high - step);
  return { kind: "span", low: low / 60, high: high / 60 };
}

export function spanText(text, wait) {
  if (wait.kind !== "span") return text(`wait.${wait.kind}`);
  return text(wait.low === 0 ? "wait.span_most" : "wait.span", wait);
}

// For somebody who would take a number now.
export function queueSpan(text, queue) {
  if (queue.status !== "open") return "";
  const wait = span(queue.wait, queue.waiting);
  return wait.kind === "next" ? text("wait.queue_next") : spanText(text, wait);
}

export function headline(text, wait) {
  return text(`wait.${wait.kind}`, { minutes: wait.minutes });
}

// For somebody who would take a number now.
export function queueHeadline(text, queue) {
  if (queue.status !== "open") return text(`queue_status.${queue.status}`);
  const wait = shown(queue.wait, queue.waiting);
  return wait.kind === "next" ? text("wait.queue_next") : headline(text, wait);
}

export function queueRange(text, queue) {
  return range(text, shown(queue.status === "open" ? queue.wait : null, queue.waiting));
}

export function range(text, wait) {
  if (wait.low === null || wait.high <= 5) return "";
  return text(wait.low === 0 ? "wait.range_most" : "wait.range", wait);
}
