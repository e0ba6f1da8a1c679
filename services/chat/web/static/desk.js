// Keeps the desk up to date: every change that the socket tells makes the page read itself anew.
// What is being typed stays; a new offer rings. The socket's pings are the operator's heartbeat.
let desk = document.querySelector("[data-desk]");
let sound = null;
let wanted = false;
let reading = false;
let tries = 0;

addEventListener("pointerdown", () => { sound ??= new AudioContext(); }, { once: true });
const bottom = () => { const log = document.querySelector("[data-log]"); if (log) log.scrollTop = log.scrollHeight; };

async function refresh() {
  wanted = true;
  if (reading) return;
  reading = true;
  while (wanted) {
    wanted = false;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
    if (!answer?.ok) break;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-desk]");
    if (!fresh) break;
    if (desk.contains(document.activeElement) && !document.activeElement.matches("[data-keep], body, a, button, ol")) break;
    const typed = desk.querySelector("[data-keep]");
    const kept = fresh.querySelector("[data-keep]");
    const focused = typed && document.activeElement === typed;
    if (typed && kept) kept.value = typed.value;
    if (Number(fresh.dataset.offers) > Number(desk.dataset.offers)) ring();
    desk.replaceWith(fresh);
    desk = fresh;
    if (focused && kept) { kept.focus(); kept.setSelectionRange(kept.value.length, kept.value.length); }
    bottom();
  }
  reading = false;
}

function ring() {
  document.title = `● ${document.title.replace(/^● /, "")}`;
  if (!sound) return;
  const tone = sound.createOscillator();
  tone.frequency.value = 880;
  tone.connect(sound.destination);
  tone.start();
  tone.stop(sound.currentTime + 0.25);
}

function connect() {
  const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/api/v1/chats/desk/socket`);
  const alive = setInterval(() => socket.readyState === 1 && socket.send('{"t":"ping"}'), 10000);
  socket.onopen = () => { tries = 0; socket.send('{"t":"ping"}'); };
  socket.onmessage = ({ data }) => { if (!data.startsWith('{"t":"pong"') && !data.startsWith('{"t":"typing"') && !data.startsWith('{"t": "typing"')) refresh(); };
  socket.onclose = ({ code }) => {
    clearInterval(alive);
    if (code !== 4401 && code !== 4403) setTimeout(connect, Math.random() * Math.min(30000, 500 * 2 ** tries++));
  };
}

document.addEventListener("keydown", (event) => {
  if (event.target.matches?.("[data-keep]") && event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
});
bottom();
connect();
