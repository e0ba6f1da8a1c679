// Times in the reader's own zone and language; deadlines and countdowns kept current.
// As the server writes them: the day first in English, European digits in Arabic.
const language = { en: "en-GB", ar: "ar-u-nu-latn" }[document.documentElement.lang] ?? document.documentElement.lang;
const day = { day: "numeric", month: "short", year: "numeric" };
const unit = (name) => new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay: "long" });
const makers = {
  date: () => new Intl.DateTimeFormat(language, day),
  datetime: () => new Intl.DateTimeFormat(language, { ...day, hour: "2-digit", minute: "2-digit", hour12: false }),
  relative: () => new Intl.RelativeTimeFormat(language, { numeric: "always" }),
};
const made = {};
// Each is dear to make, and most pages need one or two.
const formatter = (name) => (made[name] ??= (makers[name] ?? (() => unit(name)))());

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function localise(time) {
  const moment = new Date(time.dateTime);
  time.title = time.textContent;
  time.textContent = formatter(time.dataset.time).format(moment);
}

function farAway(milliseconds) {
  const span = Math.abs(milliseconds);
  const sign = milliseconds < 0 ? -1 : 1;
  if (span >= 2 * DAY) return formatter("relative").format(sign * Math.floor(span / DAY), "day");
  if (span >= HOUR) return formatter("relative").format(sign * Math.floor(span / HOUR), "hour");
  return formatter("relative").format(sign * Math.floor(span / MINUTE), "minute");
}

function left(milliseconds) {
  if (milliseconds >= 2 * DAY) {
    const days = Math.floor(milliseconds / DAY);
    return `${formatter("day").format(days)} ${formatter("hour").format(Math.floor((milliseconds - days * DAY) / HOUR))}`;
  }
  if (milliseconds >= HOUR) {
    const hours = Math.floor(milliseconds / HOUR);
    return `${formatter("hour").format(hours)} ${formatter("minute").format(Math.floor((milliseconds - hours * HOUR) / MINUTE))}`;
  }
  const minutes = Math.floor(milliseconds / MINUTE);
  return `${formatter("minute").format(minutes)} ${formatter("second").format(Math.floor((milliseconds - minutes * MINUTE) / 1000))}`;
}

function tick() {
  const now = Date.now();
  for (const time of document.querySelectorAll("time.due")) {
    const span = Date.parse(time.dateTime) - now;
    time.textContent = farAway(span);
    time.classList.toggle("due-late", span < 0);
    time.classList.toggle("due-soon", span >= 0 && span < DAY);
    time.classList.toggle("due-calm", span >= DAY);
  }
  for (const timer of document.querySelectorAll("[data-countdown]")) {
    const span = Date.parse(timer.dataset.countdown) - now;
    timer.textContent = span < 0 ? farAway(span) : left(span);
  }
}

let ticking = null;

/** Takes up the times that are on the page now, and keeps them current. */
export function keepTimes() {
  document.querySelectorAll("time[data-time]:not([title])").forEach(localise);
  tick();
  clearInterval(ticking);
  const counts = document.querySelector("[data-countdown]");
  if (counts || document.querySelector("time.due")) ticking = setInterval(tick, counts ? 1000 : 30_000);
}
