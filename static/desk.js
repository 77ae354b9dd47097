// Small comforts over pages that work without them.

import { start } from "./live.js";
import "./news.js";

document.documentElement.classList.add("scripted");

document.querySelector(".views [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

if ("live" in document.body.dataset) start();

for (const select of document.querySelectorAll("select[data-submits]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}
