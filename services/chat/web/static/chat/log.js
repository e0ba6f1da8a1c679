// The lines of the talk. Only what is new is added, so that a screen reader tells only that.
export const fill = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

function make(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

export class Log {
  constructor(list, { words, chat, token }) {
    Object.assign(this, { list, words, chat });
    this.token = token ? `?token=${encodeURIComponent(token)}` : "";
    this.end();
  }

  end() { this.list.scrollTop = this.list.scrollHeight; }

  find(attribute, value) { return value && this.list.querySelector(`[data-${attribute}="${CSS.escape(value)}"]`); }

  /** Who reads further up stays there. */
  append(item, mine) {
    const atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 80;
    this.list.append(item);
    if (atEnd || mine) this.end();
  }

  note(text) { this.append(make("p", "chat-note", text)); }

  line({ id, client_id, seq, role, name, text, redacted, attachments = [], sources = [] }, tick) {
    const { words } = this;
    const item = make("div", `chat-line chat-${role}`);
    if (id) item.dataset.id = id;
    if (client_id) item.dataset.client = client_id;
    if (seq) item.dataset.seq = seq;
    const who = role === "customer" ? words.you : role === "bot" ? words.eva : name || words.support;
    const said = make("p", "chat-text", redacted ? words.removed : text);
    said.dir = "auto";
    item.append(make("span", "chat-who", who), said);
    for (const file of attachments) item.append(this.file(file));
    for (const source of sources) item.append(this.card(source));
    if (role === "customer") {
      item.append(make("span", "chat-tick"));
      this.tick(item, tick ?? "sent");
    }
    this.append(item, role === "customer");
    return item;
  }

  file({ id, name, media_type, preview }) {
    const link = make("a", "chat-file");
    const href = preview ?? `/api/v1/chats/${this.chat}/attachments/${id}${this.token}`;
    Object.assign(link, { href, target: "_blank", rel: "noopener" });
    if (media_type?.startsWith("image/")) {
      const picture = make("img");
      Object.assign(picture, { src: href, alt: name });
      picture.addEventListener("load", () => this.end(), { once: true });
      link.append(picture);
    } else link.append(make("bdi", "", name));
    return link;
  }

  card({ title, href, version }) {
    const link = make("a", "chat-source", title);
    Object.assign(link, { href, target: "_blank", rel: "noopener", dir: "auto" });
    if (href.startsWith("/help/")) link.append(make("small", "", fill(this.words.article, { version })));
    return link;
  }

  tick(item, state, text) {
    const mark = item?.querySelector(".chat-tick");
    if (!mark) return;
    mark.dataset.tick = state;
    mark.textContent = text ?? this.words[state];
  }

  /** The other side has, or has read, everything up to `seq`. */
  marked(state, seq) {
    for (const item of this.list.querySelectorAll(".chat-customer[data-seq]")) {
      const now = item.querySelector(".chat-tick")?.dataset.tick;
      if (Number(item.dataset.seq) <= seq && now !== "read") this.tick(item, state);
    }
  }

  /** A message of one's own came back from the log: the same line, as it is kept. */
  confirmed({ id, client_id, text, seq }) {
    const mine = this.find("id", id) ?? this.find("client", client_id);
    if (!mine) return false;
    Object.assign(mine.dataset, { id, seq });
    mine.querySelector(".chat-text").textContent = text; // numbers may have been hidden
    if (mine.querySelector(".chat-tick")?.dataset.tick === "sending") this.tick(mine, "sent");
    return true;
  }

  removed(id) {
    const item = this.find("id", id);
    item?.querySelector(".chat-text")?.replaceChildren(this.words.removed);
    item?.querySelectorAll(".chat-file, .chat-translated").forEach((each) => each.remove());
  }

  /** What others wrote, in the customer's language; what the customer wrote needs none here. */
  translated({ id, text }) {
    const item = this.find("id", id);
    if (!item || item.classList.contains("chat-customer") || item.querySelector(".chat-translated")) return;
    const made = make("p", "chat-translated");
    made.dir = "auto";
    made.append(make("small", "", this.words.translated), ` ${text}`);
    item.querySelector(".chat-text").after(made);
    this.end();
  }
}
