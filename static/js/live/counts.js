// Counts of saved views that look words, people or tags up first: fetched by themselves, so that no list waits for them.

const EVERY_MS = 30000; // between two askings, however many news come
let counts = {};
let due = 0;
let waiting = null;

const places = () => [...document.querySelectorAll("[data-looked-up]")];

function fill() {
  for (const place of places()) place.textContent = counts[place.dataset.lookedUp] ?? "";
}

async function ask() {
  waiting = null;
  due = Date.now() + EVERY_MS;
  try {
    const answer = await fetch("/triage/counts");
    if (answer.ok && !answer.redirected) counts = await answer.json();
  } catch {
    // The desk is away for a moment: the numbers of before stay.
  }
  fill();
}

function follow() {
  if (!places().length) return;
  fill();
  waiting ??= setTimeout(ask, Math.max(0, due - Date.now()));
}

document.addEventListener("desk:page", follow);
follow();
