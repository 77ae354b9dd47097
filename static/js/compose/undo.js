// The Undo button goes when its time is over. The desk decides anyway; this only spares a click in vain.

for (const bar of document.querySelectorAll("[data-undo]")) {
  const form = bar.querySelector("form");
  setTimeout(function over() {
    if (form.contains(document.activeElement)) form.addEventListener("focusout", over, { once: true });
    else form.remove();
  }, Number(bar.dataset.undo) * 1000);
}
