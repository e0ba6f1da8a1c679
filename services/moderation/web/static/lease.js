// Renews the moderator's claim while the page is open, for as long as somebody is at it.
const lease = document.querySelector("[data-lease]");
const notice = lease.querySelector("[data-lease-notice]");
const length = Number(lease.dataset.seconds) * 1000;
const IDLE = 45 * 60_000;

let until = Date.parse(lease.dataset.until);
let lastTouch = Date.now();

const versions = () => document.querySelectorAll("input[name=version]");
const token = document.querySelector("input[name=csrf_token]").value;

function say(text) {
  notice.textContent = text;
  notice.hidden = !text;
}

// With If-Match: a renewal must not hide that the case has changed since the page was made.
async function renew() {
  const answer = await fetch(lease.dataset.lease, {
    method: "POST",
    headers: { "X-CSRF-Token": token, "If-Match": `"${versions()[0].value}"`, Accept: "application/json" },
  });
  if (answer.ok) {
    const { version } = await answer.json();
    until = Date.now() + length;
    versions().forEach((field) => { field.value = version; });
    return true;
  }
  if (answer.status === 412) say(lease.dataset.changed);
  else if (answer.status < 500) say(lease.dataset.lost);
  return answer.status >= 500;
}

async function watch() {
  const idle = Date.now() - lastTouch > IDLE;
  if (!idle && until - Date.now() < length * 0.4) {
    try {
      if (!(await renew())) return;
    } catch { /* the network is away; the next round tries again */ }
  }
  setTimeout(watch, 15_000);
}

for (const kind of ["pointerdown", "keydown", "scroll"]) addEventListener(kind, () => { lastTouch = Date.now(); }, { passive: true });
watch();
