// What the wizard gains from a script: the item is looked up while its link is being pasted.
const WAIT = 400;

function looking(zone) {
  const target = document.querySelector(zone.dataset.look);
  const form = zone.closest("form");
  let timer;
  let asked;

  async function look() {
    const entered = new FormData(form);
    const query = new URLSearchParams({ step: entered.get("step") });
    for (const name of ["product_link", "problem"]) query.set(name, entered.get(name) ?? "");
    if (query.toString() === asked) return;
    asked = query.toString();
    const mine = asked;
    try {
      const answer = await fetch(`${form.action}/look?${query}`);
      if (answer.ok && mine === asked) target.innerHTML = await answer.text();
    } catch { /* the page says it all when it is sent */ }
  }

  zone.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, WAIT);
  });
}

document.querySelectorAll("[data-look]").forEach(looking);
