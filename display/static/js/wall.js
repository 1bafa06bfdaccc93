// What hangs beside the queues: one notice and one picture or film at a time, in turn.
// Asked for now and then; without an answer the last ones stay.

import { make, setHidden, setText } from "./dom.js";

const ASK_EVERY_MS = 60000;
const NOTICE_MS = 12000;
const IMAGE_MS = 12000;
const VIDEO_MS_MAX = 15 * 60000; // a film that never ends, or never begins
const TIMEOUT_MS = 8000;

// The items of a zone and those of all; `zone` null: a board of the whole hall shows everything.
export function ofZone(items, zone) {
  return items.filter((item) => !zone || !item.zone || item.zone === zone);
}

// The place of the next of `count` items after `at`, or -1 if there are none.
export function after(at, count) {
  return count ? (at + 1) % count : -1;
}

export class Wall {
  constructor({ hall, zone, language, notice, media, onShape }) {
    Object.assign(this, { hall, zone, language, notice, media, onShape });
    this.notices = [];
    this.shown = [];
    this.noticeAt = this.mediaAt = -1;
    this.noticeUntil = this.mediaUntil = 0;
    this.askedAt = performance.now();
    this.playing = null;
  }

  take(wall) {
    this.notices = ofZone(wall.notices, this.zone);
    const media = ofZone(wall.media, this.zone);
    if (JSON.stringify(media) !== JSON.stringify(this.shown)) {
      this.shown = media;
      this.mediaUntil = 0;
    }
    if (this.noticeAt >= this.notices.length) this.noticeUntil = 0;
    this.tick();
  }

  tick() {
    const now = performance.now();
    if (now - this.askedAt >= ASK_EVERY_MS) this.ask(now);
    if (now >= this.noticeUntil || !this.notices.length) this.nextNotice(now);
    if (now >= this.mediaUntil || !this.shown.length) this.nextMedia(now);
  }

  async ask(now) {
    this.askedAt = now;
    try {
      const answer = await fetch(`/api/v1/halls/${encodeURIComponent(this.hall)}/wall`,
        { signal: AbortSignal.timeout(TIMEOUT_MS), cache: "no-store" });
      if (answer.ok) this.take(await answer.json());
    } catch {
      // The hall does not answer: the board says so by itself, and what hangs here stays.
    }
  }

  nextNotice(now) {
    this.noticeAt = after(this.noticeAt, this.notices.length);
    this.noticeUntil = now + NOTICE_MS;
    const notice = this.notices[this.noticeAt];
    const foreign = this.language !== "zh" && notice?.text_en;
    setText(this.notice.text, notice ? foreign || notice.text : "");
    setText(this.notice.place, this.notices.length > 1
      ? `${this.noticeAt + 1} / ${this.notices.length}` : "");
    setHidden(this.notice.box, !notice);
    this.onShape();
  }

  nextMedia(now) {
    this.mediaAt = after(this.mediaAt, this.shown.length);
    const item = this.shown[this.mediaAt];
    this.mediaUntil = now + (item?.kind === "video" ? VIDEO_MS_MAX : IMAGE_MS);
    if (item?.url === this.playing && item?.kind === "image") return;
    this.stop();
    this.playing = item?.url ?? null;
    if (item) this.media.append(item.kind === "image" ? this.picture(item) : this.film(item));
    setHidden(this.media, !item);
    this.onShape();
  }

  picture(item) {
    return make("img", { src: item.url, alt: "", on: { error: () => this.skip(item) } });
  }

  film(item) {
    const film = make("video", {
      src: item.url, playsinline: true,
      on: { ended: () => this.skip(item), error: () => this.skip(item) },
    });
    film.muted = true; // the hall's voice calls numbers
    film.autoplay = true;
    return film;
  }

  // Take the next one at the next tick; with one film alone, play it again.
  skip(item) {
    if (item.url !== this.playing) return;
    this.playing = null;
    this.mediaUntil = performance.now() + (this.shown.length > 1 ? 0 : 1000);
  }

  stop() {
    for (const film of this.media.querySelectorAll("video")) {
      film.removeAttribute("src"); // lets go of its memory at once
      film.load();
    }
    this.media.replaceChildren();
  }
}
