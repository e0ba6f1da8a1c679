// Pictures of evidence are looked at on the page, as large as they are. Another click: to fit.
const dialog = document.getElementById("zoom");
const picture = dialog.querySelector("img");

addEventListener("click", (event) => {
  const link = event.target.closest("[data-zoom]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  picture.src = link.href;
  picture.alt = link.querySelector("img").alt;
  dialog.classList.remove("zoom-full");
  dialog.showModal();
});
picture.addEventListener("click", () => dialog.classList.toggle("zoom-full"));
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
