// What every page gains from a script. Without it, each page still works.
import "./times.js";
import "./forms.js";

if (document.querySelector("[data-files]")) import("./files.js");

// Rows of tabs scroll sideways on a phone: the present one is brought into sight.
for (const tab of document.querySelectorAll(".site-nav [aria-current], .tabs [aria-current]")) {
  const row = tab.closest("nav");
  const scroller = row.scrollWidth > row.clientWidth ? row : tab.closest("ul");
  scroller.scrollLeft += tab.getBoundingClientRect().left - scroller.getBoundingClientRect().left - 32;
}
