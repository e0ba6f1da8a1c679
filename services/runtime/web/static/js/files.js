// A file field that also takes files dropped or pasted, and shows what was chosen.
const format = new Intl.NumberFormat(document.documentElement.lang || undefined, { maximumFractionDigits: 1 });

function enhance(zone) {
  const input = zone.querySelector("input[type=file]");
  const list = zone.querySelector(".files-list");
  const message = zone.querySelector(".files-message");
  const most = Number(zone.dataset.maxFiles);
  const largest = Number(zone.dataset.maxMb) * 1_000_000;
  let chosen = [];

  function say(text) {
    message.textContent = text;
    message.hidden = !text;
  }

  function add(files) {
    say("");
    for (const file of files) {
      if (chosen.some((f) => f.name === file.name && f.size === file.size)) continue;
      if (file.size > largest) say(`${file.name} ${zone.dataset.tooLarge}`);
      else if (chosen.length >= most) say(zone.dataset.tooMany);
      else chosen.push(file);
    }
    show();
  }

  function show() {
    const transfer = new DataTransfer();
    chosen.forEach((file) => transfer.items.add(file));
    input.files = transfer.files;
    list.querySelectorAll("img").forEach((img) => URL.revokeObjectURL(img.src));
    list.replaceChildren(...chosen.map(row));
    list.hidden = !chosen.length;
  }

  function row(file) {
    const item = document.createElement("li");
    if (file.type.startsWith("image/")) {
      const picture = document.createElement("img");
      picture.alt = "";
      picture.src = URL.createObjectURL(file);
      item.append(picture);
    }
    const text = document.createElement("span");
    const name = document.createElement("bdi");
    const size = document.createElement("small");
    name.dir = "ltr";
    name.textContent = file.name;
    size.textContent = `${format.format(file.size / 1_000_000)} MB`;
    text.append(name, size);
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "link-button";
    remove.textContent = zone.dataset.remove;
    remove.setAttribute("aria-label", `${zone.dataset.remove} ${file.name}`);
    remove.addEventListener("click", () => { chosen = chosen.filter((f) => f !== file); show(); input.focus(); });
    item.append(text, remove);
    return item;
  }

  zone.classList.add("enhanced");
  input.addEventListener("change", () => add([...input.files]));
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    add([...event.dataTransfer.files]);
  });
  document.addEventListener("paste", (event) => { if (event.clipboardData.files.length) add([...event.clipboardData.files]); });
}

document.querySelectorAll("[data-files]").forEach(enhance);
