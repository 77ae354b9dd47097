// Small comforts over pages that work without them.

import { start } from "./live/live.js";
import "./live/bell.js";
import "./live/news.js";
import "./compose/drafts.js";
import "./compose/preview.js";
import "./compose/files.js";
import "./compose/pictures.js";
import "./compose/undo.js";
import "./live/presence.js";
import "./controls/tags.js";
import "./controls/search.js";
import "./controls/people.js";
import "./live/counts.js";
import "./controls/bulk.js";
import "./controls/keys.js";
import "./controls/palette.js";
import "./controls/similar.js";

document.documentElement.classList.add("scripted");

document.querySelector(".views [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

if ("live" in document.body.dataset) start();

for (const select of document.querySelectorAll("select[data-submits]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}

for (const link of document.querySelectorAll(".modes a")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const compose = link.closest(".compose");
    compose.classList.toggle("noting", link.hash === "#note");
    for (const other of compose.querySelectorAll(".modes a")) other === link ? other.setAttribute("aria-current", "true") : other.removeAttribute("aria-current");
    document.querySelector(`${link.hash} textarea`).focus();
  });
}
