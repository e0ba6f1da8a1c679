// The ways in, where the window is in a frame on another site: no cookie is kept there, so a chat is
// begun over the API, by its own token. Everywhere: back to the chat that this browser has begun.
import { kept } from "./kept.js";

const DAY = 86_400_000;

export function door(ways, { embed }) {
  const query = new URLSearchParams(location.search);
  const told = new URLSearchParams(location.hash.slice(1));
  const message = document.querySelector("[data-door-message]");
  if (told.size) history.replaceState(null, "", location.pathname + location.search);

  const go = ({ chat_id: chat, token }) => {
    const to = new URLSearchParams({ chat });
    if (token) to.set("token", token);
    if (embed) for (const [name, value] of [["embed", "1"], ["lang", document.documentElement.lang]]) to.set(name, value);
    location.assign(`/chat?${to}`);
  };

  const [chat, token] = (told.get("chat") ?? "").split(" ");
  const last = chat ? { chat_id: chat, token, at: Date.now() } : kept("chat", null);
  const back = ways.querySelector("[data-go-on]");
  if (last && Date.now() - last.at < DAY && !("begun" in back.dataset)) {
    back.hidden = false;
    back.querySelector("a").addEventListener("click", (event) => { event.preventDefault(); go(last); });
    // Another page of the same site: the chat is simply still there.
    if (embed && !query.has("ways")) go(last);
  }

  const identity = told.get("identity");
  const page = told.get("page") ?? document.referrer;
  for (const field of ways.querySelectorAll("[name=page]")) field.value = page.slice(0, 500);
  if (!embed) return;
  // Without the script they would be sent as forms, which nobody believes from a frame.
  for (const button of ways.querySelectorAll("[data-begin] button")) button.disabled = false;
  ways.addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    const body = { way: event.submitter.value, language: document.documentElement.lang, page: form.get("page") };
    for (const name of ["name", "email"]) if (form.get(name)) body[name] = form.get(name).trim();
    if (identity) body.identity = identity;
    const headers = { "Content-Type": "application/json", "Accept-Language": document.documentElement.lang, "X-CSRF-Token": form.get("csrf_token") };
    const answer = await fetch("/api/v1/chats", { method: "POST", headers, body: JSON.stringify(body) }).catch(() => null);
    const begun = await answer?.json().catch(() => null);
    if (answer?.ok) return go(begun);
    message.textContent = begun?.detail ?? ways.dataset.away;
    message.hidden = false;
  });
}
