// The parts of the window that follow the chat's course come from the server, as they would without
// a script: after a step, or when the chat went on, those that differ are put in place.
const busy = new Set();

/** Takes over the forms of the window; `headers` prove who sends them. */
export function live(chat, { headers, failed, swapped }) {
  async function swap(html, force) {
    const page = new DOMParser().parseFromString(html, "text/html");
    if (!page.querySelector("[data-chat]")) return false;
    for (const fresh of page.querySelectorAll("[data-part]")) {
      const old = chat.querySelector(`[data-part="${fresh.dataset.part}"]`);
      if (!old || (old.dataset.is === fresh.dataset.is && fresh.dataset.part !== force)) continue;
      const inside = old.contains(document.activeElement);
      const open = [...old.querySelectorAll("details")].map((each) => each.open);
      const said = old.querySelector(".chat-said");
      if (said && !fresh.querySelector(".chat-said")) fresh.prepend(said);
      old.replaceWith(fresh);
      if (fresh.dataset.part === force) fresh.querySelectorAll("details").forEach((each, n) => { each.open ||= open[n]; });
      if (inside) (fresh.querySelector("[aria-invalid]") ?? fresh.querySelector("input:not([type=hidden]), button") ?? chat.querySelector("[data-log]")).focus();
      swapped(fresh.dataset.part);
    }
    return true;
  }

  async function refresh() {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
    if (answer?.ok) await swap(await answer.text());
  }

  chat.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-step]")) return;
    event.preventDefault();
    if (busy.has(form)) return;
    busy.add(form);
    const body = new URLSearchParams(new FormData(form, event.submitter));
    const asked = { Accept: "application/json, text/html;q=0", "Accept-Language": document.documentElement.lang };
    const answer = await fetch(form.action, { method: "POST", body, headers: { ...asked, ...headers } }).catch(() => null);
    busy.delete(form);
    const html = answer?.headers.get("content-type")?.startsWith("text/html");
    if (html) {
      // What was refused is told at the end of the page. What is being written elsewhere stays.
      const told = answer.status === 422 || form.closest("[data-part=after]");
      if (await swap(await answer.text(), told && "after") && answer.ok) {
        form.reset();
        form.closest("details.menu")?.removeAttribute("open");
      }
    } else failed((await answer?.json().catch(() => null))?.detail);
  });

  return refresh;
}
