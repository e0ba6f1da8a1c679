// Keeps the desk up to date: what the socket tells makes the page read itself anew, part by part.
// What is being typed stays where it is. An offer rings until it is over; a message sounds once.
// The socket's pings are the operator's heartbeat.
const KEPT = "redress-desk-sound";
const here = new URLSearchParams(location.search).get("chat") ?? "";
const title = document.title;
let audio = null;
let socket = null;
let wanted = false;
let reading = false;
let tries = 0;
let typingUntil = 0;
let toldTyping = 0;

const one = (selector) => document.querySelector(selector);
const all = (selector) => [...document.querySelectorAll(selector)];

// --- sound

const sounding = () => localStorage.getItem(KEPT) !== "off";
const wake = () => { audio ??= new AudioContext(); if (audio.state === "suspended") audio.resume(); };
addEventListener("pointerdown", wake);
addEventListener("keydown", wake);

function tone(frequency, seconds) {
  document.documentElement.dataset.rang = String(Number(document.documentElement.dataset.rang ?? 0) + 1);
  if (!audio || !sounding()) return;
  const [source, gain] = [audio.createOscillator(), audio.createGain()];
  source.frequency.value = frequency;
  gain.gain.setValueAtTime(0.2, audio.currentTime);
  gain.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + seconds);
  source.connect(gain).connect(audio.destination);
  source.start();
  source.stop(audio.currentTime + seconds);
}

function showSound() {
  const button = one("[data-sound]");
  if (!button) return;
  button.hidden = false;
  button.textContent = sounding() ? button.dataset.on : button.dataset.off;
}

// --- what the page shows

function marks() {
  const { offers = "", unread = "0" } = one("#part-list").dataset;
  const count = offers.split(" ").filter(Boolean).length + Number(unread);
  document.title = count ? `(${count}) ${title}` : title;
  for (const each of all("[data-clock]")) each.textContent = new Date(each.dateTime).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
  showSound();
  countDown();
}

function countDown() {
  for (const each of all("[data-until]")) {
    const left = Math.max(0, Math.round((new Date(each.dataset.until) - Date.now()) / 1000));
    each.textContent = each.dataset.left.replace("§", left.toLocaleString(document.documentElement.lang));
  }
}

function bottom(log) { if (log) log.scrollTop = log.scrollHeight; }

// A part is left alone while somebody works in it: what is open or typed there is theirs.
function busy(part) {
  const active = document.activeElement;
  const typing = part.contains(active) && active.matches("input:not([type=hidden]), textarea, select");
  return typing || all(`#${part.id} :is(input:not([type=hidden], [type=checkbox]), textarea)`).some((each) => each.value !== each.defaultValue) || Boolean(part.querySelector("details[open]"));
}

function replace(old, fresh) {
  if (old.dataset.key !== undefined && old.dataset.key === fresh.dataset.key) return;
  if (old.id !== "part-log" && old.dataset.key === undefined && busy(old)) return;
  if (old.innerHTML === fresh.innerHTML) return;
  const log = old.querySelector("[data-log]");
  const atEnd = !log || log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  const place = log?.scrollTop ?? 0;
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const address = focused?.getAttribute("href");
  old.replaceWith(fresh);
  const renewed = fresh.querySelector("[data-log]");
  if (renewed) { if (atEnd) bottom(renewed); else renewed.scrollTop = place; }
  if (address) fresh.querySelector(`a[href="${CSS.escape(address)}"]`)?.focus();
  else if (focused?.matches("[data-log]")) renewed?.focus();
}

async function refresh() {
  wanted = true;
  if (reading) return;
  reading = true;
  while (wanted) {
    wanted = false;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
    if (!answer?.ok) break;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const before = one("#part-list").dataset;
    const [offers, unread] = [before.offers, Number(before.unread)];
    for (const part of all("[data-part]")) {
      const next = fresh.getElementById(part.id);
      if (next) replace(part, document.adoptNode(next));
      else if (!busy(part)) { location.reload(); return; }
    }
    if (fresh.querySelector("[data-log]") && !one("[data-log]")) { location.reload(); return; }
    const now = one("#part-list").dataset;
    if (now.offers.split(" ").some((each) => each && !offers.includes(each))) tone(880, 0.5);
    else if (Number(now.unread) > unread) tone(520, 0.2);
    marks();
    seen();
  }
  reading = false;
}

// --- the socket

function say(frame) { if (socket?.readyState === 1) socket.send(JSON.stringify(frame)); }

function seen() {
  const log = one("#part-log");
  if (log && document.visibilityState === "visible") say({ t: "read", chat: here, seq: Number(log.dataset.seq) });
}

// The customer's tick: it is here, if not before the operator's eyes yet.
function arrived({ chat, seq, events }) {
  const looked = chat === here && document.visibilityState === "visible";
  if (!looked && events.some((each) => each.role === "customer" && each.type === "message")) say({ t: "delivered", chat, seq });
}

function typing({ chat, role, name }) {
  const line = one("[data-typing]");
  if (chat !== here || role !== "customer" || !line) return;
  line.textContent = line.dataset.says.replace("§", name || one(".desk-with strong").textContent);
  typingUntil = Date.now() + 5000;
}

function connect() {
  socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/api/v1/chats/desk/socket`);
  const alive = setInterval(() => say({ t: "ping" }), 10000);
  socket.onopen = () => {
    tries = 0;
    say({ t: "ping" });
    if (here) say({ t: "watch", chat: here, after: Number(one("#part-log")?.dataset.seq ?? 0) });
    seen();
  };
  socket.onmessage = ({ data }) => {
    const frame = JSON.parse(data);
    if (frame.t === "typing") typing(frame);
    if (frame.t === "events") arrived(frame);
    if (frame.t === "events" || frame.t === "desk" || frame.t === "queue") refresh();
  };
  socket.onclose = ({ code }) => {
    clearInterval(alive);
    if (code !== 4401 && code !== 4403) setTimeout(connect, Math.random() * Math.min(30000, 500 * 2 ** tries++));
  };
}

// --- writing

function choose(text) {
  const field = one("[data-say]");
  if (!field) return;
  field.value = text;
  field.focus();
  field.setSelectionRange(text.length, text.length);
}

function offerReplies(field) {
  const list = one("[data-replies]");
  if (!list) return [];
  const asked = field.value.startsWith("/") && !/\s/.test(field.value);
  if (asked) list.open = true;
  const fitting = all("[data-reply]").filter((each) => (each.hidden = asked && !each.dataset.reply.startsWith(field.value), !each.hidden));
  return asked ? fitting : [];
}

document.addEventListener("input", ({ target }) => {
  if (!target.matches?.("[data-say]")) return;
  offerReplies(target);
  if (Date.now() - toldTyping > 2000) { toldTyping = Date.now(); say({ t: "typing", chat: here }); }
});

document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (!field.matches?.("[data-say]") || event.isComposing) return;
  const fitting = offerReplies(field);
  if (fitting.length && (event.key === "Tab" || event.key === "Enter")) {
    event.preventDefault();
    choose(fitting[0].dataset.text);
    offerReplies(field);
    one("[data-replies]").open = false;
  } else if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    if (field.value.trim()) field.form.requestSubmit();
  }
});

document.addEventListener("click", ({ target }) => {
  const reply = target.closest?.("[data-reply]");
  if (reply) { choose(reply.dataset.text); one("[data-replies]").open = false; }
  if (target.closest?.("[data-sound]")) { localStorage.setItem(KEPT, sounding() ? "off" : "on"); showSound(); wake(); tone(660, 0.15); }
});

// The message is sent over the socket's own address and the page stays: what comes back is read.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[action='/desk/say']")) return;
  event.preventDefault();
  const field = form.querySelector("[data-say]");
  const text = field.value;
  if (!text.trim()) return;
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer?.ok) { form.submit(); return; }
  form.elements.client_id.value = crypto.randomUUID().replaceAll("-", "");
  if (field.value === text) field.value = field.defaultValue = "";
  field.focus();
  refresh();
});

addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") { seen(); refresh(); } });
setInterval(() => {
  countDown();
  if (typingUntil && Date.now() > typingUntil) { typingUntil = 0; const line = one("[data-typing]"); if (line) line.textContent = ""; }
}, 1000);
setInterval(() => { if (one("[data-offer]")) tone(880, 0.4); }, 4000);
bottom(one("[data-log]"));
marks();
connect();
if (here) one("[data-say]")?.focus();
