// Brings the window to life: what is new arrives by itself, and what is written is sent until it is
// acknowledged. Without it every step is a form (see services/chat/api/sockets.py for the frames).
const chat = document.querySelector("[data-chat]");
if (chat) start(chat);

function start(chat) {
  const words = JSON.parse(chat.dataset.words);
  const log = chat.querySelector("[data-log]");
  const state = chat.querySelector("[data-state]");
  const typing = chat.querySelector("[data-typing]");
  const form = chat.querySelector("[data-say]");
  const waiting = new Map(); // by client id: what is not acknowledged yet
  let seen = Number(chat.dataset.seq);
  let socket = null;
  let tries = 0;
  let away = 0;
  let over = !form;
  let sound = null;

  const fill = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
  const end = () => { log.scrollTop = log.scrollHeight; };
  end();

  function connect() {
    if (over || (socket && socket.readyState < 2)) return;
    const query = new URLSearchParams({ after: seen });
    if (chat.dataset.token) query.set("token", chat.dataset.token);
    const origin = location.origin.replace(/^http/, "ws");
    socket = new WebSocket(`${origin}/api/v1/chats/${chat.dataset.chat}/socket?${query}`);
    socket.onopen = () => {
      tries = 0;
      for (const each of waiting.values()) post(each);
    };
    socket.onmessage = ({ data }) => heard(JSON.parse(data));
    socket.onclose = ({ code }) => {
      if (code === 4401 || code === 4403 || code === 4404 || over) return;
      state.textContent = words.offline;
      // Full jitter: when a server comes back, its customers do not come all at once.
      away = setTimeout(connect, Math.random() * Math.min(30000, 500 * 2 ** tries++));
    };
  }
  for (const event of ["online", "visibilitychange"]) {
    addEventListener(event, () => {
      if (document.visibilityState === "hidden") return;
      clearTimeout(away);
      connect();
    });
  }
  setInterval(() => say({ t: "ping" }), 15000);
  const say = (frame) => socket?.readyState === 1 && socket.send(JSON.stringify(frame));
  const post = ({ id, text }) => say({ t: "post", id, text });

  function heard(frame) {
    switch (frame.t) {
      case "history":
      case "events": {
        const before = seen;
        for (const event of frame.events) if ((event.seq ?? frame.seq) > before) happened(event);
        seen = Math.max(seen, frame.seq);
        if (frame.t === "history" && before < seen) end();
        if (document.hasFocus()) say({ t: "read", seq: seen });
        break;
      }
      case "ack":
        waiting.delete(frame.id);
        tick(frame.id, words.sent);
        break;
      case "refused":
        waiting.delete(frame.id);
        tick(frame.id, fill(words.refused, { reason: frame.problem.detail }));
        break;
      case "place":
        state.textContent = fill(words.place, frame) + (frame.high
          ? " " + fill(words.range, { low: Math.max(0, Math.round(frame.low / 60)), high: Math.ceil(frame.high / 60) })
          : "");
        break;
      case "typing":
        if (frame.role === "customer") break;
        typing.textContent = fill(words.typing, { name: frame.name || words.support });
        setTimeout(() => { typing.textContent = ""; }, 5000);
    }
  }

  function happened(event) {
    switch (event.type) {
      case "message":
      case "left_message":
      case "answer":
        typing.textContent = "";
        if (event.role === "customer" && confirmed(event)) break;
        line(event);
        break;
      case "connected":
        chat.classList.add("chat-new");
        note(fill(words.connected, event));
        if (event.greeting) line({ role: "operator", name: event.operator, text: event.greeting });
        state.textContent = fill(words.connected, event);
        ring();
        break;
      case "queued": state.textContent = words.queued; break;
      case "handed_over": note(words.handed_over); break;
      case "complaint": note(fill(words.complaint, event)); break;
      case "read":
        if (event.role === "operator") for (const each of log.querySelectorAll(".chat-tick")) each.textContent = words.read;
        break;
      case "redacted":
        log.querySelector(`[data-id="${CSS.escape(event.id)}"] p`)?.replaceChildren(words.removed);
        break;
      case "ended":
      case "abandoned":
        over = true;
        location.reload(); // the rating, and what can be done now
    }
  }

  function line({ id, client_id, role, name, text, sources = [] }, tickText = "") {
    const item = document.createElement("li");
    item.className = `chat-line chat-${role}`;
    if (id) item.dataset.id = id;
    if (client_id) item.dataset.client = client_id;
    const who = document.createElement("span");
    who.className = "chat-who";
    who.textContent = role === "customer" ? words.you : role === "bot" ? words.eva : name || words.support;
    const said = document.createElement("p");
    said.dir = "auto";
    said.textContent = text;
    item.append(who, said);
    for (const source of sources) {
      const link = document.createElement("a");
      link.className = "chat-source";
      link.href = source.href;
      link.dir = "auto";
      link.textContent = source.title;
      item.append(link);
    }
    if (role === "customer") {
      const ticked = document.createElement("span");
      ticked.className = "chat-tick";
      ticked.textContent = tickText;
      item.append(ticked);
    }
    log.append(item);
    end();
  }
  function note(text) {
    const item = document.createElement("li");
    item.className = "chat-note";
    item.textContent = text;
    log.append(item);
    end();
  }
  function confirmed({ id, client_id, text }) {
    const mine = log.querySelector(`[data-client="${CSS.escape(client_id ?? "")}"]`);
    if (!mine) return false;
    mine.dataset.id = id;
    mine.querySelector("p").textContent = text; // numbers may have been hidden
    return true;
  }
  function tick(id, text) {
    const mine = log.querySelector(`[data-client="${CSS.escape(id)}"] .chat-tick`);
    if (mine) mine.textContent = text;
  }

  // A browser plays a sound only after the reader has done something on the page.
  addEventListener("pointerdown", () => { sound ??= new AudioContext(); }, { once: true });
  addEventListener("keydown", () => { sound ??= new AudioContext(); }, { once: true });
  function ring() {
    document.title = `● ${document.title}`;
    if (!sound) return;
    const tone = sound.createOscillator();
    const volume = sound.createGain();
    volume.gain.setValueAtTime(0.15, sound.currentTime);
    volume.gain.exponentialRampToValueAtTime(0.001, sound.currentTime + 0.6);
    tone.frequency.value = 660;
    tone.connect(volume).connect(sound.destination);
    tone.start();
    tone.stop(sound.currentTime + 0.6);
  }

  if (form) {
    const text = form.elements.text;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const said = text.value.trim();
      if (!said) return;
      const id = crypto.randomUUID?.() ?? String(Date.now() + Math.random()).replace(".", "-");
      waiting.set(id, { id, text: said });
      line({ role: "customer", client_id: id, text: said }, words.sending);
      post({ id, text: said });
      text.value = "";
      text.focus();
    });
    text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        form.requestSubmit();
      }
    });
    let told = 0;
    text.addEventListener("input", () => {
      if (Date.now() - told > 3000) { told = Date.now(); say({ t: "typing" }); }
    });
  }
  connect();
}
