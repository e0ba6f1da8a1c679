// Pages that keep themselves up to date: told by server-sent events that something has changed, a
// page fetches itself again and puts its new parts (`data-live-part`) in place of the old ones.
const said = document.querySelector("[data-live]");
const parts = () => document.querySelectorAll("[data-live-part]");

// As the server sent them: scripts change times into the reader's own.
const sent = new Map([...parts()].map((part) => [part.id, part.outerHTML]));

// What a form was answered with stands at the form's own address, which only takes forms.
const page = new URL(said.dataset.live, location.href).pathname.replace(/\/live$/, "");
const address = location.pathname === page ? location.href : page;

let source = null;
let last = new URL(said.dataset.live, location.href).searchParams.get("after");
let fetching = false;
let again = false;
let failures = 0;

function listen() {
  if (source || document.hidden) return;
  const stream = new URL(said.dataset.live, location.href);
  stream.searchParams.set("after", last);
  source = new EventSource(stream);
  source.addEventListener("open", () => { failures = 0; });
  source.addEventListener("changed", (event) => {
    last = event.lastEventId;
    refresh();
  });
  source.addEventListener("error", () => {
    if (source?.readyState !== EventSource.CLOSED) return; // it connects again by itself
    hush();
    failures += 1;
    if (failures <= 8) setTimeout(listen, Math.random() * 1000 * 2 ** failures);
  });
}

function hush() {
  source?.close();
  source = null;
}

// Browsers open six connections to a place at most: a page that nobody looks at leaves its own.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) hush();
  else listen();
});
addEventListener("pagehide", hush);
addEventListener("pageshow", listen);

async function refresh() {
  if (fetching) {
    again = true;
    return;
  }
  fetching = true;
  do {
    again = false;
    try {
      const answer = await fetch(address, { headers: { Accept: "text/html" } });
      if (answer.redirected || !answer.ok) {
        if (answer.status < 500) return hush(); // signed out, or no longer the reader's to see
        break;
      }
      show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch { break; /* the network is away; the stream tells when it is back */ }
  } while (again);
  fetching = false;
}

// Where no option was sent as the chosen one, a browser shows the first.
function isChosen(select) {
  const options = [...select.options];
  if (select.multiple) return options.some((option) => option.selected !== option.defaultSelected);
  return select.selectedIndex !== Math.max(0, options.findLastIndex((option) => option.defaultSelected));
}

const isTouched = (part) =>
  [...part.querySelectorAll("textarea, input:not([type=hidden]), select")].some((field) =>
    field.type === "radio" || field.type === "checkbox" ? field.checked !== field.defaultChecked
    : field.type === "file" ? field.files.length > 0
    : field instanceof HTMLSelectElement ? isChosen(field)
    : field.value !== field.defaultValue);

function show(fresh) {
  let changed = false;
  let kept = false;
  for (const part of parts()) {
    const now = fresh.getElementById(part.id);
    const html = now?.outerHTML ?? "";
    if (!now || html === sent.get(part.id)) continue;
    if (isTouched(part)) {
      kept = true;
      continue;
    }
    sent.set(part.id, html);
    replace(part, now);
    changed = true;
  }
  if (changed) document.dispatchEvent(new CustomEvent("redress:updated"));
  if (kept) say(said.dataset.liveKept, true);
  else if (changed) say(said.dataset.liveSaid);
}

// Who was on a link or button stays on it.
function replace(part, now) {
  const active = part.contains(document.activeElement) ? document.activeElement : null;
  const open = new Set([...part.querySelectorAll("details[open]")].map((each) => each.id));
  part.replaceWith(now);
  now.classList.add("live-fresh");
  for (const each of now.querySelectorAll("details[id]")) each.open ||= open.has(each.id);
  if (!active) return;
  const same = active.id ? now.querySelector(`#${CSS.escape(active.id)}`)
    : active.getAttribute("href") ? now.querySelector(`[href="${CSS.escape(active.getAttribute("href"))}"]`)
    : null;
  if (same) return same.focus({ preventScroll: true });
  now.tabIndex = -1;
  now.focus({ preventScroll: true });
}

let fading;
function say(text, stays = false) {
  clearTimeout(fading);
  said.textContent = text;
  if (!stays) fading = setTimeout(() => { said.textContent = ""; }, 6000);
}

listen();
