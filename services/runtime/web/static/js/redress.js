// What every page gains from a script. Without it, each page still works.
import "./forms.js";
import { keepTimes } from "./times.js";

// Before times are put into the reader's own zone: it compares pages as the server sent them.
if (document.querySelector("[data-live]")) await import("./live.js");
keepTimes();
document.addEventListener("redress:updated", keepTimes);

if (document.querySelector("[data-notices]")) import("./notices.js");
if (document.querySelector("[data-files]")) import("./files.js");

// Rows of tabs scroll sideways on a phone: the present one is brought into sight, where it is not.
const ROOM = 32;
for (const tab of document.querySelectorAll(".site-nav [aria-current], .tabs [aria-current]")) {
  let row = tab.parentElement;
  while (row && getComputedStyle(row).overflowX !== "auto") row = row.parentElement;
  if (!row) continue;
  const [place, frame] = [tab.getBoundingClientRect(), row.getBoundingClientRect()];
  if (place.left < frame.left + ROOM) row.scrollLeft -= frame.left + ROOM - place.left;
  else if (place.right > frame.right - ROOM) row.scrollLeft += place.right - frame.right + ROOM;
}

// A menu opens and closes by itself; it also closes on Escape, and when the reader goes elsewhere.
for (const menu of document.querySelectorAll("[data-menu]")) {
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  for (const elsewhere of ["focusin", "pointerdown"]) {
    document.addEventListener(elsewhere, (event) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  }
}
