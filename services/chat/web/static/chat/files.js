// Files for a message: chosen, pasted, dragged, or a picture of the screen. Each is sent at once and
// checked as evidence is; the message then carries their ids.
import { fill } from "./log.js";

const MOST = 10;

export class Files {
  constructor(chat, { words, csrf, lang, say }) {
    Object.assign(this, { chat, words, csrf, lang, say, chosen: [] });
    const input = chat.querySelector("[data-file-input]");
    this.list = chat.querySelector("[data-files-chosen]");
    chat.querySelector("[data-tool=file]")?.addEventListener("click", () => input.click());
    input?.addEventListener("change", () => { this.add(input.files); input.value = ""; });
    const screen = chat.querySelector("[data-tool=screenshot]");
    if (screen) {
      screen.hidden = !navigator.mediaDevices?.getDisplayMedia;
      screen.addEventListener("click", () => this.screenshot());
    }
    chat.addEventListener("paste", (event) => {
      if (!event.clipboardData?.files.length) return;
      event.preventDefault();
      this.add(event.clipboardData.files);
    });
    for (const [name, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
      chat.addEventListener(name, (event) => {
        if (!event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        chat.classList.toggle("chat-over", over);
        if (name === "drop") this.add(event.dataTransfer.files);
      });
    }
  }

  async add(files) {
    this.say("");
    for (const file of files) {
      if (this.chosen.length >= MOST) return this.say(this.words.many);
      const one = { name: file.name || "picture.png", media_type: file.type, preview: URL.createObjectURL(file) };
      this.chosen.push(one);
      this.row(one);
      one.sent = this.send(one, file);
    }
    this.list.hidden = !this.chosen.length;
  }

  row(one) {
    one.row = document.createElement("li");
    const name = document.createElement("bdi");
    name.textContent = one.name;
    one.progress = document.createElement("progress");
    one.progress.setAttribute("aria-label", fill(this.words.uploading, one));
    const remove = document.createElement("button");
    Object.assign(remove, { type: "button", className: "link-button", textContent: "×" });
    remove.setAttribute("aria-label", fill(this.words.remove, one));
    remove.addEventListener("click", () => this.drop(one));
    one.row.append(name, one.progress, remove);
    this.list.append(one.row);
  }

  async send(one, file) {
    const body = new FormData();
    body.append("file", file, one.name);
    const headers = { Accept: "application/json", "Accept-Language": this.lang, "X-CSRF-Token": this.csrf };
    const answer = await fetch("/api/v1/evidence", { method: "POST", headers, body }).catch(() => null);
    const told = await answer?.json().catch(() => null);
    one.progress.remove();
    if (answer?.status === 201) Object.assign(one, { id: told.id, name: told.name ?? one.name, media_type: told.media_type ?? one.media_type });
    else {
      this.drop(one);
      this.say(told?.detail ?? this.words.failed);
    }
  }

  drop(one) {
    this.chosen = this.chosen.filter((each) => each !== one);
    one.row.remove();
    this.list.hidden = !this.chosen.length;
  }

  /** The files that are to go with the message; waits for those under way. */
  async take() {
    await Promise.all(this.chosen.map((each) => each.sent));
    const taken = this.chosen.filter((each) => each.id);
    taken.forEach((each) => this.drop(each));
    return taken.map(({ id, name, media_type, preview }) => ({ id, name, media_type, preview }));
  }

  async screenshot() {
    let stream;
    try { stream = await navigator.mediaDevices.getDisplayMedia({ video: true }); } catch { return; } // not allowed: not taken
    const video = document.createElement("video");
    video.srcObject = stream;
    await video.play();
    const picture = document.createElement("canvas");
    picture.width = video.videoWidth;
    picture.height = video.videoHeight;
    picture.getContext("2d").drawImage(video, 0, 0);
    stream.getTracks().forEach((track) => track.stop());
    picture.toBlob((blob) => this.add([new File([blob], "screenshot.png", { type: "image/png" })]), "image/png");
  }
}
