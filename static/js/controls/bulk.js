// Selecting rows of a list: how many there are, all on the page, a range with Shift; and the progress of a long change.

const LOOK_MS = 2000;
const picks = () => [...document.querySelectorAll(".pick")];
let last = null; // the number of the row that was ticked last

// Without a tick the bar is out of sight: "all in this view" does not stay chosen there.
function count() {
  const all = document.getElementById("bulk-all");
  let chosen = picks().filter((pick) => pick.checked).length;
  if (all && !chosen) all.checked = false;
  if (all?.checked) chosen = all.dataset.many;
  for (const label of document.querySelectorAll("[data-counted]")) label.textContent = label.dataset.counted.replace("0", chosen);
}

document.addEventListener("click", (event) => {
  const pick = event.target.closest(".pick");
  if (pick) {
    const all = picks();
    const from = all.findIndex((other) => other.value === last);
    if (event.shiftKey && from >= 0) {
      const [low, high] = [from, all.indexOf(pick)].sort((a, b) => a - b);
      for (const between of all.slice(low, high + 1)) between.checked = pick.checked;
    }
    last = pick.value;
    count();
    // The bar that appears, or that was there, covers no row that is being gone through with the keyboard.
    const row = pick.closest("tr");
    if (row.querySelector(":focus-visible")) row.scrollIntoView({ block: "nearest", behavior: "instant" });
  } else if (event.target.id === "bulk-all") {
    count();
  } else if (event.target.closest("[data-pick-page]")) {
    for (const each of picks()) each.checked = true;
    count();
  }
});

document.addEventListener("desk:page", count);
count(); // A browser may have kept the ticks of a page it goes back to.

setInterval(() => {
  if (document.querySelector("[data-running]")) document.dispatchEvent(new CustomEvent("desk:news", { detail: { tickets: [], reload: true } }));
}, LOOK_MS);
