// The row of functions: emoji, sound, text size. Those of them that are links or forms are in the page.
import { keep, kept } from "./kept.js";
import { fill } from "./log.js";

const EMOJI = [..."😀😊🙂😉😍🤔😐😕😟😢😭😡😅😂🙏👍👎👌👏🤝💪👀❤️🎉🔥✅❌❓❗⭐📦🚚🛒💳💰📷📎📧⏰🏠".matchAll(/\p{Emoji}\uFE0F?/gu)].map(String);
const SIZES = [100, 115, 130, 150];

export function tools(chat, { words, say }) {
  const tool = (name) => chat.querySelector(`[data-tool=${name}]`);
  for (const each of chat.querySelectorAll("[data-tool]")) if (each.dataset.tool !== "screenshot") each.hidden = false;

  let size = kept("text", 100);
  const show = () => { chat.dataset.size = size; };
  tool("size")?.addEventListener("click", () => {
    size = SIZES[(SIZES.indexOf(size) + 1) % SIZES.length];
    keep("text", size);
    show();
    say(fill(words.size, { n: `${size} %` }));
  });
  show();

  const button = tool("emoji");
  if (!button) return;
  button.setAttribute("aria-expanded", "false");
  const board = document.createElement("div");
  Object.assign(board, { className: "chat-emoji", hidden: true });
  board.setAttribute("role", "group");
  board.setAttribute("aria-label", words.emoji);
  for (const each of EMOJI) {
    const one = document.createElement("button");
    Object.assign(one, { type: "button", textContent: each, tabIndex: -1 });
    board.append(one);
  }
  button.closest(".chat-row").before(board);
  const open = (wanted) => {
    board.hidden = !wanted;
    button.setAttribute("aria-expanded", String(wanted));
    if (wanted) focus(board.firstElementChild);
    else button.focus();
  };
  const focus = (one) => { for (const each of board.children) each.tabIndex = each === one ? 0 : -1; one.focus(); };
  button.addEventListener("click", () => open(board.hidden));
  board.addEventListener("click", ({ target }) => {
    if (target === board) return;
    const text = chat.querySelector("[data-say]").elements.text;
    text.setRangeText(target.textContent, text.selectionStart, text.selectionEnd, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
    open(false);
    text.focus();
  });
  board.addEventListener("keydown", (event) => {
    const all = [...board.children];
    const across = Math.max(1, all.findIndex((each) => each.offsetTop > all[0].offsetTop));
    const forward = getComputedStyle(board).direction === "rtl" ? -1 : 1;
    const by = { ArrowRight: forward, ArrowLeft: -forward, ArrowDown: across, ArrowUp: -across }[event.key];
    if (event.key === "Escape") open(false);
    if (!by) return;
    event.preventDefault();
    focus(all[(all.indexOf(document.activeElement) + by + all.length) % all.length]);
  });
}
