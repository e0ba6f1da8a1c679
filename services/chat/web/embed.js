// Puts the support chat on a page: <script async src="https://…/chat/embed.js"></script>
// data-identity: the signed-in member, as a token signed by this site; data-lang, data-page: if they
// are not the page's own.
(() => {
  const script = document.currentScript;
  const { origin } = new URL(script.src);
  const told = script.dataset;
  const all = WORDS;
  const lang = (told.lang || document.documentElement.lang || "en").slice(0, 2).toLowerCase();
  const [name, close] = all[lang] || all.en;
  const rtl = lang === "ar";
  const make = (tag, style, more) => {
    const made = Object.assign(document.createElement(tag), more);
    made.style.cssText = `position:fixed;z-index:2147483000;border:0;${rtl ? "left" : "right"}:1rem;${style}`;
    return made;
  };
  const button = make("button", "bottom:1rem;min-height:3rem;padding:0 1.25rem;border-radius:1.5rem;background:#0b5d66;color:#fff;font:600 1rem/1.2 system-ui,sans-serif;box-shadow:0 4px 16px #0005;cursor:pointer", { type: "button", textContent: name, dir: rtl ? "rtl" : "ltr", lang });
  let frame = null;
  let shown = false;
  let unread = 0;
  const remember = (key, value) => { try { value ? sessionStorage.setItem(key, value) : sessionStorage.removeItem(key); } catch { /* not allowed */ } };
  const recall = (key) => { try { return sessionStorage.getItem(key); } catch { return null; } };

  function load() {
    if (frame) return;
    const more = new URLSearchParams({ page: told.page || location.href });
    if (told.identity) more.set("identity", told.identity);
    // A browser may forget what a frame on another site keeps: this page remembers the chat.
    if (recall("redress-chat")) more.set("chat", recall("redress-chat"));
    frame = make("iframe", "bottom:5rem;width:min(24rem,calc(100vw - 2rem));height:min(40rem,calc(100dvh - 6rem));border-radius:12px;background:#fff;box-shadow:0 8px 32px #0006;display:none", { title: name, allow: "autoplay; display-capture; clipboard-read", src: `${origin}/chat?embed=1&lang=${all[lang] ? lang : "en"}${told.identity ? "&vouched=1" : ""}#${more}` });
    document.body.append(frame);
  }

  function show(wanted) {
    shown = wanted;
    load();
    frame.style.display = wanted ? "block" : "none";
    remember("redress-open", wanted);
    label();
    if (wanted) frame.focus();
  }

  function label(said) {
    button.textContent = shown ? close : unread ? `${name} (${unread})` : name;
    button.setAttribute("aria-expanded", String(shown));
    if (said) button.title = said;
  }

  addEventListener("message", ({ source, data }) => {
    if (!frame || source !== frame.contentWindow || !data?.redress) return;
    if (data.redress === "unread") { unread = data.unread; label(data.label); }
    else remember("redress-chat", data.redress === "live" && data.chat);
  });
  button.addEventListener("click", () => show(!shown));
  addEventListener("keydown", ({ key }) => { if (key === "Escape" && shown) { show(false); button.focus(); } });
  const start = () => {
    document.body.append(button);
    label();
    if (recall("redress-open")) show(true);
    else if (recall("redress-chat")) load();
  };
  if (document.body) start();
  else addEventListener("DOMContentLoaded", start);
})();
