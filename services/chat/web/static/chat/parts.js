// The parts of the window that follow the chat's course come from the server, as they would without
// a script: after a step, or when the chat went on, those that differ are put in place.
const busy = new Set();

/** Takes over the forms of the window; `headers` prove who sends them. */
export function live(chat, { headers, failed, swapped }) {
  let asked = 0;
  let shown = 0;

  /** `done` is a form whose content has been taken. */
  function swap(html, { force, done } = {}) {
    const page = new DOMParser().parseFromString(html, "text/html");
    if (!page.querySelector("[data-chat]")) return false;
    shown = ++asked;
    for (const fresh of page.querySelectorAll("[data-part]")) {
      const old = chat.querySelector(`[data-part="${fresh.dataset.part}"]`);
      if (!old || (old.dataset.is === fresh.dataset.is && fresh.dataset.part !== force)) continue;
      const inside = old.contains(document.activeElement);
      const said = old.querySelector(".chat-said");
      if (said && !fresh.querySelector(".chat-said")) fresh.prepend(said);
      carry(old, fresh, done);
      old.replaceWith(fresh);
      if (inside) (fresh.querySelector("[aria-invalid]") ?? fresh.querySelector("input:not([type=hidden]), button") ?? chat.querySelector("[data-log]")).focus();
      swapped(fresh.dataset.part);
    }
    return true;
  }

  async function refresh() {
    const turn = ++asked;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
    const html = answer?.ok && (await answer.text());
    if (turn < shown) return refresh(); // overtaken on its way: it may tell what was before
    if (html) swap(html);
  }

  chat.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-step]")) return;
    event.preventDefault();
    if (busy.has(form)) return;
    busy.add(form);
    const body = new URLSearchParams(new FormData(form, event.submitter));
    const wanted = { Accept: "application/json, text/html;q=0", "Accept-Language": document.documentElement.lang };
    const answer = await fetch(form.action, { method: "POST", body, headers: { ...wanted, ...headers } }).catch(() => null);
    busy.delete(form);
    const html = answer?.headers.get("content-type")?.startsWith("text/html");
    if (html) {
      // What was refused is told at the end of the page. What is being written elsewhere stays.
      const told = answer.status === 422 || form.closest("[data-part=after]");
      if (swap(await answer.text(), { force: told && "after", done: answer.ok && form }) && answer.ok) {
        form.reset();
        form.closest("details.menu")?.removeAttribute("open");
      }
    } else failed((await answer?.json().catch(() => null))?.detail);
  });

  return refresh;
}

/** What was opened stays open, and what was written and not sent yet stays written. */
function carry(old, fresh, done) {
  const name = (each) => each.querySelector("summary")?.textContent.trim();
  const open = new Set([...old.querySelectorAll("details[open]")].map(name));
  for (const each of fresh.querySelectorAll("details")) each.open ||= open.has(name(each));
  for (const form of old.querySelectorAll("form")) {
    const same = [...fresh.querySelectorAll("form")].find((each) => each.getAttribute("action") === form.getAttribute("action"));
    if (!same || form === done) continue;
    for (const field of form.elements) {
      const twin = [...same.elements].find((each) => each.name && each.name === field.name && (!/^(radio|checkbox)$/.test(each.type) || each.value === field.value));
      if (!twin || /^(hidden|file|submit)$/.test(field.type)) continue;
      if (field.checked !== field.defaultChecked) twin.checked = field.checked;
      else if (field.value !== field.defaultValue) twin.value = field.value;
    }
  }
}
