// The count of unread notices beside the bell, kept up to date by server-sent events.
const bell = document.querySelector("[data-notices]");
const shown = bell.querySelector("[data-unread]");
const label = bell.querySelector("[data-unread-label]");

let source = null;

async function count() {
  const answer = await fetch(`${bell.dataset.notices}/unread`, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const { unread } = await answer.json();
  shown.hidden = unread === 0;
  shown.textContent = unread > 99 ? "99+" : String(unread);
  label.hidden = unread === 0;
}

// A page that nobody looks at leaves its connection to others.
function listen() {
  if (source || document.hidden) return;
  count();
  source = new EventSource(`${bell.dataset.notices}/live`);
  source.addEventListener("changed", count);
}

function hush() {
  source?.close();
  source = null;
}

document.addEventListener("visibilitychange", () => (document.hidden ? hush() : listen()));
addEventListener("pagehide", hush);
addEventListener("pageshow", listen);
listen();
