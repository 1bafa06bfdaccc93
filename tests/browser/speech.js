// A strict speechSynthesis for a browser that has no voices: one utterance at a time, only after
// somebody touched the page (unless window.speechPolicy is "open"), voices that come late, and
// `window.spoken` for the test. What the page does wrong is thrown.
(() => {
  const voices = [
    { lang: "zh-CN", name: "test", default: true, localService: true, voiceURI: "test" },
    { lang: "en-US", name: "test", default: false, localService: true, voiceURI: "test" },
  ];
  window.spoken = [];
  window.speechMs = 150;
  let current = null;
  let listed = false;
  setTimeout(() => { listed = true; }, 200);
  class Utterance extends EventTarget {
    constructor(text) {
      super();
      Object.assign(this, { text, lang: "", rate: 1, voice: null, onend: null, onerror: null });
    }
  }
  const end = (utterance, name, more = {}) => utterance[name]?.({ utterance, ...more });
  const synthesis = {
    getVoices: () => (listed ? voices : []),
    get speaking() { return current !== null; },
    cancel() {
      const before = current;
      current = null;
      if (before) setTimeout(() => end(before, "onerror", { error: "canceled" }));
    },
    speak(utterance) {
      if (!(utterance instanceof Utterance)) throw new TypeError("not an utterance");
      if (current) throw new Error("two utterances at once");
      if (!voices.includes(utterance.voice)) throw new Error("a voice that is none of mine");
      if (utterance.rate < 0.1 || utterance.rate > 10) throw new RangeError("rate");
      if (window.speechPolicy !== "open" && !navigator.userActivation.hasBeenActive) {
        setTimeout(() => end(utterance, "onerror", { error: "not-allowed" }));
        return;
      }
      current = utterance;
      setTimeout(() => {
        if (current !== utterance) return;
        current = null;
        window.spoken.push([utterance.lang, utterance.text]);
        end(utterance, "onend");
      }, window.speechMs);
    },
  };
  Object.defineProperty(window, "speechSynthesis", { value: synthesis });
  window.SpeechSynthesisUtterance = Utterance;
})();
