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

// Which language a description is in, said beside it while it is written.
function naming(zone) {
  const text = document.getElementById(zone.dataset.languageOf);
  const byItself = zone.querySelector("option[value='']");
  const names = new Map([...zone.querySelectorAll("option")].map((o) => [o.value, o.textContent]));
  const token = zone.closest("form").querySelector("[name=csrf_token]").value;
  let timer;

  async function find() {
    if (!text.value.trim()) return;
    try {
      const answer = await fetch("/api/v1/languages", {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRF-Token": token },
        body: JSON.stringify({ text: text.value.slice(0, 2000) }),
      });
      if (!answer.ok) return;
      const { language } = await answer.json();
      byItself.textContent = zone.dataset.found.replace("\u2026", names.get(language) ?? language);
    } catch { /* it is said on the next page anyway */ }
  }

  text.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(find, 2 * WAIT);
  });
}

document.querySelectorAll("[data-language-of]").forEach(naming);
