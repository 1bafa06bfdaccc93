// Says what the hall asks for, one sentence at a time, and tells what became of each.
//
// How it works: a stream of its own brings `say`. Browsers let a page speak only after somebody
// touched it (unless they were started otherwise), so until then the page asks for the touch and
// the sentence waits as long as the hall does. The stream may break and come back in the middle of
// a sentence: the hall sends it again under the same name, and what is being said goes on.

import { voiceFor } from "./voices.js";

const VOICES_WAIT_MS = 3000; // Chromium loads its list of voices late
const TELL_MARGIN_MS = 1000; // our word must be there before the hall gives up
const REOPEN_MS = 10000;
const CLOSED = 2; // EventSource.CLOSED

// What SpeechSynthesisErrorEvent.error says, in the hall's words.
const REASONS = {
  "not-allowed": "blocked",
  "language-unavailable": "language",
  "voice-unavailable": "language",
  "interrupted": "interrupted",
  "canceled": "interrupted",
};

export class Speaker {
  // `tell(job, ok, reason)` returns a promise; `show` gets "", "tap", "taken", "off" or "mute".
  constructor({ url, tell, show, world }) {
    Object.assign(this, { url, tell, show, world });
    this.allowed = false;
    this.current = null; // the sentence in hand: {job, …, utterance, deadline timer}
    this.last = null; // the last word told, in case it got lost: {job, ok, reason}
    this.over = false;
  }

  start() {
    if (!this.world.speech) {
      this.show("mute");
      return this;
    }
    this.allowed = this.world.touched();
    this.show(this.allowed ? "" : "tap");
    this.world.onTouch(() => this.touched());
    this.open();
    return this;
  }

  open() {
    if (this.over) return;
    const source = this.world.open(this.url);
    source.addEventListener("say", (event) => this.take(JSON.parse(event.data)));
    source.addEventListener("silenced", () => {
      this.over = true;
      source.close();
      this.drop();
      this.show("taken");
    });
    source.onopen = () => this.show(this.allowed ? "" : "tap");
    source.onerror = () => {
      if (source.readyState !== CLOSED || this.over) return; // it reconnects by itself
      this.show("off"); // refused: not signed in, or no such voice
      this.world.after(REOPEN_MS, () => this.open());
    };
  }

  take(sentence) {
    if (sentence.job === this.current?.job) return;
    if (sentence.job === this.last?.job) {
      this.tell(this.last.job, this.last.ok, this.last.reason);
      return;
    }
    this.drop();
    const current = { ...sentence, utterance: null };
    this.current = current;
    this.world.after(sentence.limit_s * 1000 - TELL_MARGIN_MS, () => {
      if (current === this.current) this.end(false, this.allowed ? "timeout" : "blocked");
    });
    if (this.allowed) this.speak(current);
  }

  speak(current, voicesAwaited = false) {
    const { speech } = this.world;
    const voices = speech.getVoices();
    const voice = voiceFor(current.language, voices);
    if (!voice && !voices.length && !voicesAwaited) {
      this.world.after(VOICES_WAIT_MS, () => {
        if (current === this.current) this.speak(current, true);
      });
      return;
    }
    if (!voice) {
      this.end(false, "language");
      return;
    }
    const utterance = this.world.utterance(current.text);
    Object.assign(utterance, { voice, lang: voice.lang, rate: current.rate });
    utterance.onend = () => {
      if (current === this.current) this.end(true, "");
    };
    utterance.onerror = (event) => this.failed(current, event.error);
    current.utterance = utterance; // or it is collected while it speaks, and never ends
    speech.cancel(); // what another page of this browser left behind
    speech.speak(utterance);
  }

  failed(current, error) {
    if (current !== this.current) return;
    if (error === "not-allowed") {
      this.allowed = false; // wait for a touch: the time limit says "blocked" if none comes
      current.utterance = null;
      this.show("tap");
      return;
    }
    this.end(false, REASONS[error] ?? "error");
  }

  touched() {
    if (this.allowed || this.over) return;
    this.allowed = true;
    this.show("");
    if (this.current && !this.current.utterance) this.speak(this.current);
  }

  end(ok, reason) {
    const { job } = this.current;
    if (!ok) this.drop();
    this.current = null;
    this.last = { job, ok, reason };
    this.tell(job, ok, reason);
  }

  drop() {
    const before = this.current;
    this.current = null;
    if (before?.utterance) this.world.speech.cancel();
  }
}
