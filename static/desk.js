// Small comforts over pages that work without them.

document.documentElement.classList.add("scripted");

document.querySelector(".views [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

for (const select of document.querySelectorAll("select[data-submits]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}
