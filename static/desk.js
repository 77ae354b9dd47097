// Small comforts over pages that work without them.

import { start } from "./live.js";
import "./bell.js";
import "./news.js";
import "./drafts.js";
import "./preview.js";
import "./files.js";
import "./pictures.js";
import "./undo.js";
import "./presence.js";
import "./tags.js";
import "./search.js";
import "./people.js";
import "./counts.js";
import "./bulk.js";
import "./keys.js";
import "./palette.js";
import "./alike.js";

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
