// Brings the chat's pages to life. Without it every step is a form (see services/chat/api/sockets.py
// for the frames that go over the line).
import { Connection } from "./chat/connection.js";
import { door } from "./chat/door.js";
import { Files } from "./chat/files.js";
import { keep, kept } from "./chat/kept.js";
import { Log, fill } from "./chat/log.js";
import { live } from "./chat/parts.js";
import { Signal } from "./chat/signal.js";
import { tools } from "./chat/tools.js";

const chat = document.querySelector("[data-chat]");
const ways = document.querySelector("[data-door]");
const print = document.querySelector("[data-print]");
if (ways) door(ways, { embed: document.body.classList.contains("bare") });
if (print) { print.hidden = false; print.addEventListener("click", () => window.print()); }
if (chat) start(chat);

function start(chat) {
  const words = JSON.parse(chat.dataset.words);
  const { chat: id, token, csrf } = chat.dataset;
  const lang = document.documentElement.lang;
  const embed = "embed" in chat.dataset;
  const list = chat.querySelector("[data-log]");
  const state = () => chat.querySelector("[data-state]");
  const typing = chat.querySelector("[data-typing]");
  const connection = chat.querySelector("[data-connection]");
  const log = new Log(list, { words, chat: id, token });
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const host = (told) => { if (embed) parent.postMessage({ redress: told, chat: `${id} ${token}` }, "*"); };
  let read = Number(chat.dataset.read);
  let last = latest();
  let files = null;
  let composed = null;
  let quiet = 0;

  const tell = (text, seconds = 4) => {
    clearTimeout(quiet);
    connection.textContent = text;
    connection.hidden = !text;
    if (seconds) quiet = setTimeout(() => { connection.hidden = true; }, seconds * 1000);
  };
  const complain = (text) => {
    const place = chat.querySelector("[data-message]");
    if (!place) return tell(text ?? words.failed, 10);
    place.textContent = text ?? words.failed;
    place.hidden = text === "";
  };
  const signal = new Signal(chat, { words, button: null, say: tell });
  const refresh = live(chat, { headers, failed: complain, swapped: (part) => { if (part === "composer") compose(); } });
  const line = new Connection({ chat: id, token, csrf, lang, after: Number(chat.dataset.seq), on: { heard, state: changed, later } });
  compose();
  for (const each of line.outbox.values()) if (!log.find("client", each.id)) log.line(waiting(each), "sending");
  keep("chat", chat.querySelector("[data-say]") ? { chat_id: id, token, at: Date.now() } : null);
  host(chat.querySelector("[data-say]") ? "live" : "over");
  document.addEventListener("visibilitychange", seen);
  addEventListener("focus", seen);
  seen();

  function latest() {
    const said = list.querySelectorAll(".chat-line:not(.chat-customer)[data-seq]");
    return Number(said[said.length - 1]?.dataset.seq ?? 0);
  }

  /** Told once for each thing that others said, so that marks do not answer marks. */
  function seen() {
    if (last <= read || document.visibilityState === "hidden") return;
    read = last;
    line.say({ t: "read", seq: read });
  }

  let was = "";
  function changed(now) {
    chat.dataset.line = now;
    if (now === "open") { if (was && was !== "open") tell(words.back); seen(); }
    else if (now === "over") tell("");
    // A line that comes back at once is nobody's business.
    else if (now === "connecting" && !was) return;
    else tell(now === "away" ? words.offline : `${words.reconnecting} ${line.outbox.size ? words.offline : ""}`, 0);
    was = now;
  }

  function heard(frame) {
    switch (frame.t) {
      case "history":
      case "events": {
        const before = line.seen;
        for (const event of frame.events) {
          const seq = event.seq ?? frame.seq;
          if (seq > before) happened({ ...event, seq });
        }
        line.seen = Math.max(line.seen, frame.seq);
        seen();
        break;
      }
      case "ack": log.tick(log.find("client", frame.id), "sent"); break;
      case "refused": refused(frame); break;
      case "place": place(frame); break;
      case "typing":
        if (frame.role === "customer") break;
        typing.textContent = fill(words.typing, { name: frame.name || words.support });
        setTimeout(() => { typing.textContent = ""; }, 5000);
    }
  }

  function place({ position, low, high, beyond_closing: beyond }) {
    const range = high === null ? "" : fill(words.range, { low: Math.round(low / 60), high: Math.max(1, Math.ceil(high / 60)) });
    state().textContent = `${fill(words.place, { position })} ${beyond ? words.beyond : range}`;
    if (beyond) refresh();
  }

  function happened(event) {
    switch (event.type) {
      case "message":
      case "left_message":
      case "answer":
        typing.textContent = "";
        if (event.role === "customer") {
          line.done(event.client_id);
          if (!log.confirmed(event)) log.line(event);
          if (event.type === "left_message") refresh();
          break;
        }
        if (log.find("id", event.id)) break;
        last = event.seq;
        log.line(event);
        signal.told("message");
        if (event.type === "answer") refresh();
        break;
      case "connected":
        log.note(fill(words.connected, event));
        if (event.greeting) log.line({ role: "operator", name: event.operator, text: event.greeting });
        last = event.seq;
        signal.told("start");
        refresh();
        break;
      case "complaint": log.note(fill(words.complaint, event)); break;
      case "delivered":
      case "read": if (event.role !== "customer") log.marked(event.type, event.up_to); break;
      case "redacted": log.removed(event.id); break;
      case "translated": log.translated(event); break;
      case "ended":
      case "abandoned":
        log.note(words.ended);
        keep("chat", null);
        host("over");
        refresh();
        break;
      case "handed_over": log.note(words.handed_over); refresh(); break;
      case "queued":
      case "bot_joined":
      case "identified":
      case "code_sent":
      case "rating_requested":
      case "rated": refresh();
    }
  }

  function refused({ id, problem, message }) {
    const item = log.find("client", id);
    if (!item) return complain(problem.detail);
    log.tick(item, "refused", fill(words.refused, { reason: problem.detail }));
    const text = chat.querySelector("[data-say]")?.elements.text;
    if (!text) keep("draft", message?.text ?? null); // for the chat that is begun instead
    else if (!text.value) text.value = message?.text ?? "";
  }

  function later(id, problem) {
    log.tick(log.find("client", id), "sending", fill(words.later, { n: problem.retry_after, reason: problem.detail }));
  }

  function waiting({ id, text, files }) {
    return { role: "customer", client_id: id, text, attachments: files };
  }

  function compose() {
    tools(chat, { words, say: tell });
    signal.button = chat.querySelector("[data-tool=sound]");
    signal.button?.addEventListener("click", () => signal.turn(!signal.on));
    signal.show();
    const form = chat.querySelector("[data-say]");
    if (!form || form === composed) return;
    composed = form;
    files = new Files(chat, { words, csrf, lang, say: complain });
    const text = form.elements.text;
    text.required = false;
    if (!text.value) text.value = kept("draft", "");
    keep("draft", null);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const said = text.value.trim();
      if (!said && !files.chosen.length) return text.focus();
      text.value = "";
      complain("");
      post(said, await files.take());
      text.focus();
    });
    text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    let told = 0;
    text.addEventListener("input", () => {
      if (Date.now() - told < 3000) return;
      told = Date.now();
      line.say({ t: "typing" });
    });
  }

  function post(text, sent = []) {
    if (!text && !sent.length) return;
    const id = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
    log.line({ role: "customer", client_id: id, text, attachments: sent }, "sending");
    const kinds = sent.map(({ id: file, name, media_type }) => ({ id: file, name, media_type }));
    line.post({ id, text, attachments: sent.map((each) => each.id), files: kinds });
  }

  chat.addEventListener("submit", async (event) => {
    if (event.target.matches("[data-quick]")) {
      event.preventDefault();
      post(event.submitter.value);
      event.target.remove();
      list.focus();
    } else if (embed && event.target.matches("[data-complain]")) {
      // A frame on another site is no place for the wizard: it opens beside it.
      event.preventDefault();
      const tab = open("about:blank", "_blank");
      const form = new FormData(event.target);
      const body = { product_link: form.get("product_link"), consent: form.has("consent") };
      const answer = await line.send("/complaint", body);
      if (answer?.ok) tab.location = (await answer.json()).url;
      else { tab.close(); complain((await answer?.json().catch(() => null))?.detail); }
    }
  });
}
