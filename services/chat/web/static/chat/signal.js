// Sound and signs that something is new. A browser plays sound only after the reader has done
// something, so the first gesture wakes it. `data-sounded` counts the sounds that were played out.
import { keep, kept } from "./kept.js";
import { fill } from "./log.js";

const TONES = { start: [523, 659, 784], message: [784] };

export class Signal {
  constructor(chat, { words, button, say }) {
    Object.assign(this, { chat, words, button, say, unread: 0, title: document.title });
    this.on = kept("sound", true);
    try { this.audio = new AudioContext(); } catch { this.audio = null; }
    for (const each of ["pointerdown", "keydown"]) addEventListener(each, () => this.audio?.resume(), { once: true });
    button?.addEventListener("click", () => this.turn(!this.on));
    this.show();
    document.addEventListener("visibilitychange", () => document.hidden || this.read());
    addEventListener("focus", () => this.read());
  }

  turn(on) {
    this.on = on;
    keep("sound", on);
    this.show();
    this.say(on ? this.words.sound_on : this.words.sound_off);
    if (on) this.ring("message");
  }

  show() {
    this.button?.setAttribute("aria-pressed", String(this.on));
  }

  /** `kind`: the talk's start, or a message. */
  told(kind) {
    if (this.on) this.ring(kind);
    if (kind === "start") {
      this.chat.classList.add("chat-new");
      navigator.vibrate?.(200);
    }
    if (kind === "start" || !document.hasFocus()) this.count(this.unread + 1);
  }

  count(unread) {
    this.unread = unread;
    document.title = unread ? `● (${unread}) ${this.title}` : this.title;
    this.chat.dataset.unread = unread;
    if (parent !== window) parent.postMessage({ redress: "unread", unread, label: fill(this.words.unread, { n: unread }) }, "*");
  }

  read() { if (this.unread) setTimeout(() => document.hasFocus() && this.count(0), 2000); }

  ring(kind) {
    if (this.audio?.state !== "running") return;
    TONES[kind].forEach((pitch, n) => {
      const at = this.audio.currentTime + n * 0.14;
      const tone = this.audio.createOscillator();
      const volume = this.audio.createGain();
      volume.gain.setValueAtTime(0.15, at);
      volume.gain.exponentialRampToValueAtTime(0.001, at + 0.4);
      tone.frequency.value = pitch;
      tone.connect(volume).connect(this.audio.destination);
      tone.start(at);
      tone.stop(at + 0.4);
      tone.onended = () => { if (!n) this.chat.dataset.sounded = Number(this.chat.dataset.sounded ?? 0) + 1; };
    });
  }
}
