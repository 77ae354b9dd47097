// Offers people whose name or address has the typed words, in the fields that name somebody.

const WAIT_MS = 150;
const list = document.getElementById("people");
let soon = null;

async function offer(words) {
  const answer = await fetch(`${list.dataset.from}?q=${encodeURIComponent(words)}`).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const names = await answer.json();
  list.replaceChildren(...names.map((name) => Object.assign(document.createElement("option"), { value: name })));
}

if (list) {
  document.addEventListener("input", ({ target }) => {
    if (target.list !== list || target.value.trim().length < 2 || target.value.includes("<")) return;
    clearTimeout(soon);
    soon = setTimeout(() => offer(target.value), WAIT_MS);
  });
}
