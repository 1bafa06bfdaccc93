// The board as a voice of the hall: opened with ?voice=DEVICE it speaks (see speaker.js).

import { Api, hallPath } from "./api.js";
import { byId, make, setHidden, setText } from "./dom.js";
import { csrf, data } from "./page.js";
import { Speaker } from "./speaker.js";

const TELL_TRIES = 3;
const TELL_PAUSE_MS = 500;

export function browserWorld() {
  return {
    speech: window.speechSynthesis,
    utterance: (text) => new SpeechSynthesisUtterance(text),
    open: (url) => new EventSource(url),
    after: (ms, call) => setTimeout(call, ms),
    // A running audio context is what the policy allows a page nobody has touched.
    touched: () => Boolean(navigator.userActivation?.hasBeenActive) || mayMakeSound(),
    onTouch: (call) => {
      for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, call);
    },
  };
}

function mayMakeSound() {
  try {
    const context = new AudioContext();
    const running = context.state === "running";
    context.close();
    return running;
  } catch {
    return false; // no sound at all on this machine: speaking will say so
  }
}

// Speak for `device` in this hall. `text` gives the page's sentences.
export function speakFor(device, text, world = browserWorld()) {
  const path = hallPath(data.hall.id, "voices", device, "said");
  const api = new Api({ csrf: csrf(), language: data.language });
  const hint = make("button", { type: "button", class: "voice-hint", hidden: "" });
  byId("board").append(hint);

  async function tell(job, ok, reason) {
    for (let tried = 1; tried <= TELL_TRIES; tried += 1) {
      try {
        return await api.request("POST", path, { job, ok, reason });
      } catch (problem) {
        if (!problem.uncertain) return null; // refused: nobody waits for this word any more
        await new Promise((resume) => { world.after(TELL_PAUSE_MS * tried, resume); });
      }
    }
    return null;
  }

  return new Speaker({
    url: `/api/v1${hallPath(data.hall.id, "stream")}?voice=${encodeURIComponent(device)}`,
    tell,
    show: (state) => {
      setText(hint, state && text(`board.voice_${state}`));
      setHidden(hint, !state);
    },
    world,
  }).start();
}

// Speak if the page was opened with ?voice=DEVICE.
export function speakIfAsked(text) {
  const device = new URLSearchParams(location.search).get("voice");
  if (device) speakFor(device, text);
}
