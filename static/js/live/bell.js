// The bell in the top bar: its count follows what happens, in every tab of the browser.

import { concerns } from "./news.js";
import { popUp } from "./popups.js";

const channel = "BroadcastChannel" in window ? new BroadcastChannel("desk-bell") : null;
const bell = () => document.querySelector(".bell");
let later;
let mark = "";

function show(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector(".bell");
  mark = "";
  if (!fresh || !bell() || fresh.textContent === bell().textContent) return;
  bell().setAttribute("aria-label", fresh.getAttribute("aria-label"));
  bell().replaceChildren(...fresh.childNodes);
}

async function ask(first) {
  try {
    const answer = await fetch("/notifications/count", { headers: mark ? { "If-None-Match": mark } : {} });
    if (!answer.ok || answer.redirected) return;
    const news = await answer.json();
    show(news.bell);
    mark = answer.headers.get("ETag") || "";
    if (first && news.newest) popUp(news.newest);
  } catch {
    // The desk is away for a moment: the next hint asks again.
  }
}

if (bell()) {
  document.addEventListener("desk:news", ({ detail }) => {
    if (!detail.bell) return;
    clearTimeout(later);
    // A visible page that is fetched again brings its bell along.
    if (!concerns(detail) || document.hidden) later = setTimeout(ask, 200 + 300 * Math.random(), detail.first);
  });
  document.addEventListener("desk:page", ({ detail }) => {
    const fresh = detail.querySelector(".bell");
    if (!fresh) return;
    show(fresh.outerHTML);
    channel?.postMessage(fresh.outerHTML);
  });
  document.addEventListener("visibilitychange", () => document.hidden || ask(false));
  channel?.addEventListener("message", (message) => show(message.data));
  channel?.postMessage(bell().outerHTML);
}
