// Spoken prompts of the elder mode, where the machine has a voice. Silent otherwise: every
// sentence is on the screen too.

import { state } from "./kiosk_state.js";
import { voiceFor } from "./voices.js";

const SLOWER = 0.9;

function mine(language) {
  return voiceFor(language, window.speechSynthesis?.getVoices() ?? []);
}

export function canSpeak(language) {
  return mine(language) !== null;
}

// In the elder mode: what has just happened, in the visitor's language.
export function aloud(sentence) {
  if (state.elder) speak(sentence, state.language);
}

// Say `sentence`, instead of whatever is being said.
export function speak(sentence, language) {
  hush();
  const voice = mine(language);
  if (!voice || !sentence) return;
  const utterance = new SpeechSynthesisUtterance(sentence);
  Object.assign(utterance, { voice, lang: voice.lang, rate: SLOWER });
  window.speechSynthesis.speak(utterance);
}

export function hush() {
  window.speechSynthesis?.cancel();
}

// "A 0 1 7": digit by digit, as it will be called.
export function spelled(number) {
  return [...number].join(" ");
}

// Browsers load their voices late.
export function onVoices(call) {
  window.speechSynthesis?.addEventListener?.("voiceschanged", call);
}
