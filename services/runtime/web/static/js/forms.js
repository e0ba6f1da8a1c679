// Forms: no double sending, characters counted, drafts kept in this browser for a week.
const WEEK = 7 * 24 * 3_600_000;

function guard(form) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sending) return event.preventDefault();
    form.dataset.sending = "yes";
    // Only after the browser has collected the fields: a disabled button would not be sent.
    setTimeout(() => form.querySelectorAll("button").forEach((b) => b.setAttribute("aria-disabled", "true")));
  });
}

function letGo() {
  for (const form of document.querySelectorAll("form[data-sending]")) {
    delete form.dataset.sending;
    form.querySelectorAll("button").forEach((b) => b.removeAttribute("aria-disabled"));
  }
}

function count(counter) {
  const field = document.getElementById(counter.dataset.counter);
  const most = Number(field.dataset.max);
  const digits = new Intl.NumberFormat(document.documentElement.lang, { numberingSystem: "latn" });
  const show = () => {
    counter.dir = "ltr";
    counter.textContent = `${digits.format(field.value.length)} / ${digits.format(most)}`;
    counter.classList.toggle("counter-over", field.value.length > most);
  };
  field.addEventListener("input", show);
  show();
}

// A name that ends in * stands for all that begin so.
function clear(name) {
  const all = name.endsWith("*");
  for (const key of Object.keys(localStorage)) {
    if (all ? key.startsWith(name.slice(0, -1)) : key === name) localStorage.removeItem(key);
  }
}

const isBox = (field) => ["radio", "checkbox"].includes(field.type);

const fields = (form) =>
  [...form.elements].filter((e) => e.name && !["hidden", "file", "password", "submit", "button"].includes(e.type));

function keepDraft(form) {
  const key = `redress:draft:${form.dataset.draft}`;
  const saved = read(key);
  if (saved && restore(form, saved)) {
    const note = document.createElement("p");
    const again = document.createElement("button");
    note.className = "fine-print";
    note.setAttribute("role", "status");
    again.type = "button";
    again.className = "link-button";
    again.textContent = form.dataset.draftDiscard;
    again.addEventListener("click", () => { localStorage.removeItem(key); location.reload(); });
    note.append(form.dataset.draftRestored, " ", again);
    form.prepend(note);
  }
  form.addEventListener("input", () => {
    const typed = fields(form)
      .filter((e) => (isBox(e) ? e.checked : e.value))
      .map((e) => [e.name, e.value]);
    store(key, { at: Date.now(), fields: typed });
  });
  form.addEventListener("submit", () => {
    const kept = read(key);
    if (kept) store(key, { ...kept, sent: true });
  });
}

function store(key, draft) {
  try { localStorage.setItem(key, JSON.stringify(draft)); } catch { /* storage full or refused: no draft */ }
}

function read(key) {
  try {
    const saved = JSON.parse(localStorage.getItem(key));
    return saved && Date.now() - saved.at < WEEK ? saved : null;
  } catch { return null; }
}

// What was sent with the form is given back by the server, and is as new as the draft: then only
// fields that were never sent are filled in, and texts that the server could not keep. What was
// typed after that is newer.
function restore(form, saved) {
  let any = false;
  const lost = (field) => field.localName === "textarea" && !field.value;
  for (const field of fields(form).filter((e) => !saved.sent || "unsent" in e.dataset || lost(e))) {
    const values = saved.fields.filter(([name]) => name === field.name).map(([, value]) => value);
    if (isBox(field)) {
      any ||= field.checked !== values.includes(field.value);
      field.checked = values.includes(field.value);
    } else if (values.length) {
      any ||= field.value !== values[0];
      [field.value] = values;
    }
  }
  return any;
}

document.querySelectorAll("form[data-guard]").forEach(guard);
document.querySelectorAll("form[data-draft]").forEach(keepDraft);
document.querySelectorAll("[data-counter]").forEach(count);
document.querySelectorAll("[data-clear-draft]").forEach((e) => clear(`redress:draft:${e.dataset.clearDraft}`));
addEventListener("pageshow", letGo);
