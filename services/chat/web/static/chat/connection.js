// The line to the service: a WebSocket, or an event stream with POST where sockets are blocked.
// What is posted stays in this browser until the log has it, and is sent again after every return.
import { keep, kept } from "./kept.js";

const BEAT = 15_000;
const DEAD = 40_000; // nothing was heard for so long: the line is dead, or the telephone slept
const LONGEST = 30_000;

export class Connection {
  /** `on`: heard(frame), state("connecting" | "open" | "away" | "over"), later(id, problem). */
  constructor({ chat, token, csrf, lang, after, on }) {
    this.path = `/api/v1/chats/${chat}`;
    this.headers = token ? { Authorization: `Bearer ${token}` } : { "X-CSRF-Token": csrf };
    Object.assign(this, { token, lang, on, seen: after, tries: 0, failed: 0, line: null, over: false });
    this.box = `outbox:${chat}`;
    this.outbox = new Map(kept(this.box, []).map((each) => [each.id, each]));
    this.wake = this.wake.bind(this);
    for (const each of ["online", "pageshow", "focus"]) addEventListener(each, this.wake);
    document.addEventListener("visibilitychange", this.wake);
    addEventListener("offline", () => this.lost());
    this.beats = setInterval(() => this.beat(), BEAT);
    this.heardAt = Date.now();
    this.connect();
  }

  connect() {
    clearTimeout(this.timer);
    if (this.over || this.line) return;
    this.heardAt = Date.now();
    // Every fourth time the socket is tried again: whatever blocked it may be gone.
    if (this.failed >= 2 && this.tries % 4) this.stream();
    else this.socket();
  }

  query() {
    const query = new URLSearchParams({ after: this.seen, lang: this.lang });
    if (this.token) query.set("token", this.token);
    return query;
  }

  socket() {
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}${this.path}/socket?${this.query()}`);
    let opened = false;
    this.line = {
      live: () => socket.readyState === 1,
      say: (frame) => socket.send(JSON.stringify(frame)),
      close: () => { socket.onclose = socket.onmessage = null; socket.close(); },
    };
    socket.onopen = () => { opened = true; this.failed = 0; this.opened(); };
    socket.onmessage = ({ data }) => this.got(JSON.parse(data));
    socket.onclose = ({ code }) => {
      if (!opened) this.failed += 1;
      if ([4401, 4403, 4404].includes(code)) this.stop();
      else this.lost();
    };
  }

  stream() {
    const source = new EventSource(`${this.path}/events?${this.query()}`);
    this.line = { live: () => source.readyState === 1, say: (frame) => this.tell(frame), close: () => source.close() };
    source.onopen = () => this.opened();
    source.onmessage = ({ data }) => this.got(JSON.parse(data));
    source.onerror = () => this.lost();
  }

  /** What a socket would carry, as POST. */
  async tell(frame) {
    if (frame.t === "typing") return this.send("/typing", {});
    if (frame.t === "read" || frame.t === "delivered") return this.send("/marks", { kind: frame.t, seq: frame.seq });
    if (frame.t !== "post") return null;
    const { id, text, attachments } = frame;
    this.turn = (this.turn ?? Promise.resolve()).then(async () => {
      const answer = await this.send("/messages", { client_id: id, text, attachments });
      if (answer?.ok) this.got({ t: "ack", id, ...await answer.json() });
      else if (answer && answer.status < 500) this.got({ t: "refused", id, problem: await answer.json() });
      else this.lost();
    });
    return this.turn;
  }

  send(path, body) {
    const headers = { ...this.headers, "Content-Type": "application/json", "Accept-Language": this.lang };
    return fetch(this.path + path, { method: "POST", headers, body: JSON.stringify(body) }).catch(() => null);
  }

  opened() {
    this.tries = 0;
    this.on.state("open");
    for (const each of this.outbox.values()) this.say({ t: "post", ...each });
  }

  got(frame) {
    this.heardAt = Date.now();
    if (frame.t === "ack") this.done(frame.id);
    if (frame.t === "refused" && frame.id) {
      const again = frame.problem.retry_after;
      if (again && this.outbox.has(frame.id)) {
        setTimeout(() => this.say({ t: "post", ...this.outbox.get(frame.id) }), again * 1000);
        return this.on.later(frame.id, frame.problem);
      }
      frame.message = this.outbox.get(frame.id);
      this.done(frame.id);
    }
    this.on.heard(frame);
  }

  say(frame) {
    if (this.line?.live()) this.line.say(frame);
  }

  /** Keeps a message, and sends it now or as soon as it can be. */
  post(message) {
    this.outbox.set(message.id, message);
    keep(this.box, [...this.outbox.values()]);
    this.say({ t: "post", ...message });
  }

  done(id) {
    if (this.outbox.delete(id)) keep(this.box, [...this.outbox.values()]);
  }

  lost() {
    this.line?.close();
    this.line = null;
    if (this.over) return;
    this.on.state(navigator.onLine ? "connecting" : "away");
    clearTimeout(this.timer);
    // Full jitter: when a server comes back, its customers do not come all at once.
    this.timer = setTimeout(() => this.connect(), Math.random() * Math.min(LONGEST, 500 * 2 ** this.tries++));
  }

  beat() {
    if (Date.now() - this.heardAt > DEAD) this.wake();
    else this.say({ t: "ping" });
  }

  /** The reader is back: at once, without waiting out a pause. */
  wake() {
    if (document.visibilityState === "hidden" || this.over) return;
    if (this.line && Date.now() - this.heardAt > DEAD) { this.line.close(); this.line = null; }
    if (this.line) this.say({ t: "ping" });
    else this.connect();
  }

  stop() {
    this.over = true;
    this.line?.close();
    this.line = null;
    clearTimeout(this.timer);
    clearInterval(this.beats);
    this.on.state("over");
  }
}
