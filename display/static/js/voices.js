// Which of a browser's voices speaks a language.

const WANTED = { zh: "zh-cn", en: "en-us" };
const ALIKE = { cmn: "zh" }; // espeak-ng calls Mandarin by its own code

const tag = (voice) => voice.lang.toLowerCase().replace("_", "-");

function primary(name) {
  const first = name.split("-")[0];
  return ALIKE[first] ?? first;
}

// The best voice for a language tag: zh wants zh-CN, then any zh; null if there is none.
export function voiceFor(language, voices) {
  const wanted = WANTED[language] ?? language;
  return voices.find((voice) => tag(voice) === wanted)
    ?? voices.find((voice) => primary(tag(voice)) === primary(language))
    ?? null;
}
