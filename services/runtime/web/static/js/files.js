// A file field that also takes files dropped or pasted. Where it says where to (`data-upload`), files
// are sent at once, so that their progress is seen and a mistake is told before all is submitted;
// what cannot be sent now goes along with the form.
const format = new Intl.NumberFormat(document.documentElement.lang || undefined, { maximumFractionDigits: 1 });

const megabytes = (size) => `${format.format(size / 1_000_000)} MB`;

function enhance(zone) {
  const input = zone.querySelector("input[type=file]");
  const list = zone.querySelector(".files-list");
  const message = zone.querySelector(".files-message");
  const form = zone.closest("form");
  const most = Number(zone.dataset.maxFiles);
  const largest = Number(zone.dataset.maxMb) * 1_000_000;
  const kept = form.dataset.draft && `redress:files:${form.dataset.draft}`;
  let chosen = []; // { file, name, size, row, id, request }

  function say(text) {
    message.textContent = text;
    message.hidden = !text;
  }

  function add(files) {
    say("");
    for (const file of files) {
      if (chosen.some((c) => c.name === file.name && c.size === file.size)) continue;
      if (file.size > largest) say(`${file.name} ${zone.dataset.tooLarge}`);
      else if (chosen.length >= most) say(zone.dataset.tooMany);
      else take({ file, name: file.name, size: file.size });
    }
    settle();
  }

  function take(one) {
    chosen.push(one);
    one.row = row(one);
    list.append(one.row);
    if (one.file && zone.dataset.upload) send(one);
  }

  // The form carries the files that were not sent yet, and the ids of those that were.
  function settle() {
    const transfer = new DataTransfer();
    for (const one of chosen) if (one.file && !one.id && !one.request) transfer.items.add(one.file);
    input.files = transfer.files;
    list.hidden = !chosen.length;
    const sent = chosen.filter((c) => c.id).map(({ id, name, size }) => ({ id, name, size }));
    if (kept) try { sessionStorage.setItem(kept, JSON.stringify(sent)); } catch { /* no room: not kept */ }
  }

  function send(one) {
    const body = new FormData();
    body.append("file", one.file, one.name);
    const request = new XMLHttpRequest();
    one.request = request;
    const progress = document.createElement("progress");
    progress.max = 1;
    progress.value = 0;
    progress.setAttribute("aria-label", one.name);
    one.row.querySelector("span").append(progress);
    request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) progress.value = event.loaded / event.total; });
    request.addEventListener("loadend", () => {
      one.request = null;
      progress.remove();
      if (!chosen.includes(one)) return;
      if (request.status === 201) taken(one, request.response.id);
      else if (request.status >= 400 && request.status < 500 && request.response?.detail) {
        drop(one);
        say(request.response.detail);
      }
      settle();
      if (waiting && !chosen.some((c) => c.request)) go();
    });
    request.open("POST", zone.dataset.upload);
    request.responseType = "json";
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Accept-Language", document.documentElement.lang);
    request.setRequestHeader("X-CSRF-Token", form.querySelector("[name=csrf_token]").value);
    request.send(body);
  }

  function taken(one, id) {
    one.id = id;
    const hidden = document.createElement("input");
    hidden.type = "hidden";
    hidden.name = zone.dataset.uploadField;
    hidden.value = id;
    one.row.append(hidden);
    one.row.classList.add("files-sent");
  }

  function drop(one) {
    chosen = chosen.filter((c) => c !== one);
    one.request?.abort();
    one.row.querySelectorAll("img").forEach((img) => URL.revokeObjectURL(img.src));
    one.row.remove();
  }

  function row(one) {
    const item = document.createElement("li");
    if (one.file?.type.startsWith("image/")) {
      const picture = document.createElement("img");
      picture.alt = "";
      picture.src = URL.createObjectURL(one.file);
      item.append(picture);
    }
    const text = document.createElement("span");
    const name = document.createElement("bdi");
    const size = document.createElement("small");
    name.dir = "ltr";
    name.textContent = one.name;
    size.textContent = megabytes(one.size);
    text.append(name, size);
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "link-button";
    remove.textContent = zone.dataset.remove;
    remove.setAttribute("aria-label", `${zone.dataset.remove} ${one.name}`);
    remove.addEventListener("click", () => { drop(one); say(""); settle(); input.focus(); });
    item.append(text, remove);
    return item;
  }

  // Whoever submits while files are under way waits for them.
  let waiting = null;
  function go() {
    const button = waiting;
    waiting = null;
    form.requestSubmit(button === true ? undefined : button);
  }
  form.addEventListener("submit", (event) => {
    if (chosen.some((c) => c.request)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      waiting = event.submitter ?? true;
      say(zone.dataset.waiting ?? "");
      return;
    }
    if (kept) sessionStorage.removeItem(kept);
  }, { capture: true });

  // After a reload: what was sent already and not yet given back by the server.
  if (kept) {
    const given = new Set([...form.querySelectorAll(`input[name="${zone.dataset.uploadField}"]`)].map((i) => i.value));
    let before = [];
    try { before = JSON.parse(sessionStorage.getItem(kept)) ?? []; } catch { /* none */ }
    for (const { id, name, size } of before.filter((b) => !given.has(b.id)).slice(0, most)) {
      const one = { name, size };
      take(one);
      taken(one, id);
    }
    settle();
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
