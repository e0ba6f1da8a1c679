// What every page gains from a script. Without it, each page still works.
import "./times.js";
import "./forms.js";

if (document.querySelector("[data-files]")) import("./files.js");
