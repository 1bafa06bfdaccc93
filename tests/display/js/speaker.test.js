import assert from "node:assert/strict";
import { test } from "node:test";
import { Speaker } from "../static/speaker.js";
import { voiceFor } from "../static/voices.js";

const VOICES = [
  { lang: "en-GB" }, { lang: "zh_TW" }, { lang: "zh-CN" }, { lang: "en-US" },
];

// A strict browser: speaks one utterance at a time, refuses a page nobody has touched.
function given({ touched = true, voices = VOICES, speech = true } = {}) {
  const world = {
    timers: [], sources: [], told: [], shown: [], spoken: [], touch: null, list: voices,
    policy: touched,
    after: (ms, call) => world.timers.push({ ms, call }),
    touched: () => world.policy,
    onTouch: (call) => { world.touch = () => { world.policy = true; call(); }; },
    utterance: (text) => ({ text }),
    open: (url) => {
      const source = {
        url, readyState: 1, listeners: {},
        addEventListener: (name, call) => { source.listeners[name] = call; },
        close: () => { source.readyState = 2; },
        say: (sentence) => source.listeners.say({ data: JSON.stringify(sentence) }),
      };
      world.sources.push(source);
      return source;
    },
    speech: !speech ? undefined : {
      current: null,
      getVoices: () => world.list,
      cancel: () => {
        const { current } = world.speech;
        world.speech.current = null;
        current?.onerror({ error: "canceled" });
      },
      speak: (utterance) => {
        assert.equal(world.speech.current, null, "two utterances at once");
        if (!world.policy) {
          utterance.onerror({ error: "not-allowed" });
          return;
        }
        world.speech.current = utterance;
      },
    },
    finish: () => {
      const { current } = world.speech;
      world.speech.current = null;
      world.spoken.push(current.text);
      current.onend();
    },
    later: (ms) => {
      const due = world.timers.filter((timer) => timer.ms <= ms);
      world.timers = world.timers.filter((timer) => timer.ms > ms);
      for (const timer of due) timer.call();
    },
  };
  world.speaker = new Speaker({
    url: "/stream?voice=east", world,
    tell: (...word) => world.told.push(word),
    show: (state) => world.shown.push(state),
  }).start();
  [world.source] = world.sources;
  return world;
}

const sentence = (job, more = {}) =>
  ({ job, text: `text of ${job}`, language: "zh", rate: 1, limit_s: 9, ...more });

test("takes the mainland's voice, then any of the language, else none", () => {
  assert.equal(voiceFor("zh", VOICES).lang, "zh-CN");
  assert.equal(voiceFor("zh", VOICES.slice(0, 2)).lang, "zh_TW");
  assert.equal(voiceFor("en", VOICES).lang, "en-US");
  assert.equal(voiceFor("ko", VOICES), null);
  const espeak = [{ lang: "yue" }, { lang: "cmn" }, { lang: "cmn-latn-pinyin" }, { lang: "ko" }];
  assert.equal(voiceFor("zh", espeak).lang, "cmn");
  assert.equal(voiceFor("ko", espeak).lang, "ko");
  assert.equal(voiceFor("zh", [{ lang: "yue" }]), null);
});

test("says a sentence and tells so when it is over", () => {
  const world = given();
  world.source.say(sentence("j1", { rate: 1.2 }));
  assert.equal(world.speech.current.voice.lang, "zh-CN");
  assert.equal(world.speech.current.rate, 1.2);
  assert.deepEqual(world.told, []);
  world.finish();
  assert.deepEqual(world.told, [["j1", true, ""]]);
});

test("a sentence that comes again is not begun anew, nor said twice", () => {
  const world = given();
  world.source.say(sentence("j1"));
  world.source.say(sentence("j1"));
  world.finish();
  world.source.say(sentence("j1"));
  assert.deepEqual(world.spoken, ["text of j1"]);
  assert.deepEqual(world.told, [["j1", true, ""], ["j1", true, ""]]);
});

test("another sentence ends the one in hand, of which nothing is told", () => {
  const world = given();
  world.source.say(sentence("j1"));
  world.source.say(sentence("j2"));
  world.finish();
  assert.deepEqual(world.spoken, ["text of j2"]);
  assert.deepEqual(world.told, [["j2", true, ""]]);
});

test("an untouched page asks for the touch and speaks at once when it comes", () => {
  const world = given({ touched: false });
  assert.deepEqual(world.shown, ["tap"]);
  world.source.say(sentence("j1"));
  assert.equal(world.speech.current, null);
  world.touch();
  world.finish();
  assert.deepEqual(world.told, [["j1", true, ""]]);
  assert.equal(world.shown.at(-1), "");
});

test("without a touch the time limit says blocked", () => {
  const world = given({ touched: false });
  world.source.say(sentence("j1"));
  world.later(8000);
  assert.deepEqual(world.told, [["j1", false, "blocked"]]);
});

test("a browser that says it is not allowed after all waits for the touch, too", () => {
  const world = given();
  world.policy = false;
  world.source.say(sentence("j1"));
  assert.equal(world.shown.at(-1), "tap");
  assert.deepEqual(world.told, []);
  world.touch();
  world.finish();
  assert.deepEqual(world.told, [["j1", true, ""]]);
});

test("a sentence that does not end is ended and told", () => {
  const world = given();
  world.source.say(sentence("j1"));
  world.later(8000);
  assert.deepEqual(world.told, [["j1", false, "timeout"]]);
  assert.equal(world.speech.current, null);
});

test("a language without a voice is told; a list that comes late is waited for", () => {
  const world = given();
  world.source.say(sentence("j1", { language: "ko" }));
  assert.deepEqual(world.told, [["j1", false, "language"]]);
  const late = given({ voices: [] });
  late.source.say(sentence("j2"));
  assert.deepEqual(late.told, []);
  late.list = VOICES;
  late.later(3000);
  late.finish();
  assert.deepEqual(late.told, [["j2", true, ""]]);
  const never = given({ voices: [] });
  never.source.say(sentence("j3"));
  never.later(3000);
  assert.deepEqual(never.told, [["j3", false, "language"]]);
});

test("errors of the speech are told by name", () => {
  for (const [error, reason] of [
    ["voice-unavailable", "language"], ["interrupted", "interrupted"], ["audio-busy", "error"],
  ]) {
    const world = given();
    world.source.say(sentence("j1"));
    const utterance = world.speech.current;
    world.speech.current = null;
    utterance.onerror({ error });
    assert.deepEqual(world.told, [["j1", false, reason]]);
  }
});

test("a page that is relieved falls silent for good", () => {
  const world = given();
  world.source.say(sentence("j1"));
  world.source.listeners.silenced({});
  assert.equal(world.speech.current, null);
  assert.deepEqual([world.source.readyState, world.shown.at(-1)], [2, "taken"]);
  world.source.onerror();
  world.later(60000);
  assert.equal(world.sources.length, 1);
  assert.deepEqual(world.told, []);
});

test("a refused stream is tried again; one that reconnects by itself is left alone", () => {
  const world = given();
  world.source.readyState = 0;
  world.source.onerror();
  world.later(60000);
  assert.equal(world.sources.length, 1);
  world.source.readyState = 2;
  world.source.onerror();
  assert.equal(world.shown.at(-1), "off");
  world.later(60000);
  assert.equal(world.sources.length, 2);
  world.sources[1].onopen();
  assert.equal(world.shown.at(-1), "");
});

test("a browser without speech says so and takes nothing", () => {
  const world = given({ speech: false });
  assert.deepEqual([world.shown, world.sources.length], [["mute"], 0]);
});
