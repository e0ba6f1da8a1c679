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

// With If-Match: a renewal must not hide that the case has changed since a form was made. Where it
// has, the claim is renewed all the same, and the forms keep the version that was seen.
async function renew() {
  const seen = lease.querySelector("input[name=version]").value;
  let answer = await claim({ "If-Match": `"${seen}"` });
  const changed = answer.status === 412;
  if (changed) {
    say(lease.dataset.changed);
    answer = await claim({});
  }
  if (answer.ok) {
    const { version } = await answer.json();
    until = Date.now() + length;
    if (!changed) versions().forEach((field) => { if (field.value === seen) field.value = version; });
    return true;
  }
  if (answer.status < 500) say(lease.dataset.lost);
  return answer.status >= 500;
}

function claim(headers) {
  return fetch(lease.dataset.lease, {
    method: "POST",
    headers: { "X-CSRF-Token": token, Accept: "application/json", ...headers },
  });
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
