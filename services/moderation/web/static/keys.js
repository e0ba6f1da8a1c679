// Single keys: whatever carries `aria-keyshortcuts` is done by its key. `?` shows them all.
const OFF = "redress:keys-off";
const sheet = document.getElementById("shortcuts");
const off = document.getElementById("keys-off");

off.checked = localStorage.getItem(OFF) === "yes";
off.addEventListener("change", () => localStorage.setItem(OFF, off.checked ? "yes" : ""));

const visible = (element) => element.checkVisibility?.() ?? element.offsetParent !== null;
const keyed = () => [...document.querySelectorAll("[aria-keyshortcuts]")].filter(visible);

function label(element) {
  if (element.dataset.keyLabel) return element.dataset.keyLabel;
  const copy = element.cloneNode(true);
  copy.querySelectorAll("kbd, .visually-hidden").forEach((part) => part.remove());
  return copy.textContent.trim();
}

function show() {
  const list = sheet.querySelector("[data-keys]");
  const rows = document.querySelector(".row-link");
  const entries = [...new Map(keyed().map((each) => [each.getAttribute("aria-keyshortcuts"), label(each)]))];
  if (rows) entries.push(["j k", list.dataset.keysRows], ["Enter", list.dataset.keysOpen]);
  if (document.querySelector("main form .actions")) entries.push(["Ctrl+Enter", list.dataset.keysSend]);
  entries.push(["?", list.dataset.keysMore]);
  list.replaceChildren(...entries.flatMap(([keys, text]) => {
    const key = document.createElement("dt");
    const what = document.createElement("dd");
    key.append(...keys.split(" ").map((each) => Object.assign(document.createElement("kbd"), { textContent: each })));
    what.textContent = text;
    return [key, what];
  }));
  sheet.showModal();
}

// A form is opened and entered, a field entered, a button pressed, a link followed.
function act(element) {
  if (element.matches("summary")) {
    const details = element.parentElement;
    details.open = true;
    (details.querySelector("input:not([type=hidden]), textarea, select, button") ?? element).focus();
  } else if (element.matches("input, textarea, select")) element.focus();
  else if (element.hash && element.pathname === location.pathname) enter(document.querySelector(element.hash));
  else element.click();
}

function enter(part) {
  part?.scrollIntoView({ block: "start" });
  part?.querySelector(".row-link, input:not([type=hidden]), textarea, select")?.focus({ preventScroll: true });
}

// With Ctrl: the form, by its main button. Enter alone would press its first one.
function send(form) {
  form?.querySelector(".actions .button-primary, .actions .button-danger")?.click();
}

function move(step) {
  const rows = [...document.querySelectorAll(".row-link")];
  const place = rows.indexOf(document.activeElement);
  const next = rows[place === -1 && step < 0 ? rows.length - 1 : place + step];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

addEventListener("keydown", (event) => {
  const typing = event.target.matches("input:not([type=radio], [type=checkbox], [type=button]), textarea, select, [contenteditable]");
  if (event.key === "Escape" && typing) return event.target.blur();
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return send(event.target.form);
  if (event.ctrlKey || event.metaKey || event.altKey || typing || sheet.open || event.isComposing) return undefined;
  if (event.key === "?") return show();
  if (off.checked) return undefined;
  if (event.key === "j" || event.key === "k") return move(event.key === "j" ? 1 : -1);
  // In a list whose entries have the same keys, that of the entry with the focus: without one,
  // nobody knows which is meant, and the first is only shown.
  const scope = document.activeElement.closest("[data-keys-scope]");
  const all = keyed().filter((each) => each.getAttribute("aria-keyshortcuts").split(" ").includes(event.key));
  const found = all.find((each) => scope?.contains(each)) ?? all[0];
  if (!found) return undefined;
  event.preventDefault();
  if (!scope && found.closest("[data-keys-scope]")) return enter(found.closest("[data-keys-scope]"));
  return act(found);
});

for (const opener of document.querySelectorAll("[data-show-keys]")) {
  opener.hidden = false;
  opener.addEventListener("click", show);
}
