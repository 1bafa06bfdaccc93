// A quiet double tone when somebody comes to an empty line. Off until the clerk turns it on.

const KEPT_AS = "queued-sound";
const TONES = [[660, 0], [880, 0.16]]; // Hz, seconds after the start
const LENGTH_S = 0.14;
const LOUDNESS = 0.08; // a desk in a hall: to be heard by one person

let audio = null;

export function soundOn() {
  try {
    return localStorage.getItem(KEPT_AS) === "on";
  } catch {
    return false;
  }
}

export function setSound(on) {
  try {
    localStorage.setItem(KEPT_AS, on ? "on" : "off");
  } catch {
    // Not remembered where storage is forbidden; nothing else depends on it.
  }
  if (on) ring(); // so that one hears what it will be; browsers also want a press first
}

export function ring() {
  audio ??= new AudioContext();
  for (const [frequency, after] of TONES) {
    const tone = audio.createOscillator();
    const gain = audio.createGain();
    const from = audio.currentTime + after;
    tone.frequency.value = frequency;
    gain.gain.setValueAtTime(LOUDNESS, from);
    gain.gain.exponentialRampToValueAtTime(0.001, from + LENGTH_S);
    tone.connect(gain).connect(audio.destination);
    tone.start(from);
    tone.stop(from + LENGTH_S);
  }
}

// Whether the change from one desk to the next is worth a tone: free hands, and somebody came.
export function worthATone(before, desk) {
  const free = desk.window.yours && desk.window.status === "open" && !desk.ticket;
  return free && before.waiting_count === 0 && desk.waiting_count > 0;
}
