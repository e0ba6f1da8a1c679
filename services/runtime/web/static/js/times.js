// Times in the reader's own zone and language; deadlines and countdowns kept current.
// As the server writes them: the day first in English, European digits in Arabic.
const language = { en: "en-GB", ar: "ar-u-nu-latn" }[document.documentElement.lang] ?? document.documentElement.lang;
const day = { day: "numeric", month: "short", year: "numeric" };
const formats = {
  date: new Intl.DateTimeFormat(language, day),
  datetime: new Intl.DateTimeFormat(language, { ...day, hour: "2-digit", minute: "2-digit", hour12: false }),
};
const relative = new Intl.RelativeTimeFormat(language, { numeric: "always" });
const unit = (name) => new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay: "long" });
const units = { day: unit("day"), hour: unit("hour"), minute: unit("minute"), second: unit("second") };

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function localise(time) {
  const moment = new Date(time.dateTime);
  time.title = time.textContent;
  time.textContent = formats[time.dataset.time].format(moment);
}

function farAway(milliseconds) {
  const span = Math.abs(milliseconds);
  const sign = milliseconds < 0 ? -1 : 1;
  if (span >= 2 * DAY) return relative.format(sign * Math.floor(span / DAY), "day");
  if (span >= HOUR) return relative.format(sign * Math.floor(span / HOUR), "hour");
  return relative.format(sign * Math.floor(span / MINUTE), "minute");
}

function left(milliseconds) {
  if (milliseconds >= 2 * DAY) {
    const days = Math.floor(milliseconds / DAY);
    return `${units.day.format(days)} ${units.hour.format(Math.floor((milliseconds - days * DAY) / HOUR))}`;
  }
  if (milliseconds >= HOUR) {
    const hours = Math.floor(milliseconds / HOUR);
    return `${units.hour.format(hours)} ${units.minute.format(Math.floor((milliseconds - hours * HOUR) / MINUTE))}`;
  }
  const minutes = Math.floor(milliseconds / MINUTE);
  return `${units.minute.format(minutes)} ${units.second.format(Math.floor((milliseconds - minutes * MINUTE) / 1000))}`;
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
