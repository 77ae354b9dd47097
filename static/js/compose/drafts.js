// Keeps what is half-written in a form with data-draft: a second after typing stops, and when the page is left.

const PAUSE_MS = 1000;
const KEEPALIVE_MAX = 60_000; // browsers let no more than 64 KB go on after a page has gone
const known = new WeakMap(); // what the desk has of a form, or the page came with
const timers = new WeakMap();
const sent = new WeakSet();

const forms = () => [...document.querySelectorAll("form[data-draft]")];

function typed(form) {
  const fields = new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === "string"));
  fields.set("path", new URL(form.action).pathname);
  return fields.toString();
}

function say(form, what) {
  const place = form.querySelector(".draft");
  const status = place?.querySelector("[role=status]");
  if (status && status.textContent !== place.dataset[what]) status.textContent = place.dataset[what];
}

async function save(form, leaving = false) {
  clearTimeout(timers.get(form));
  timers.delete(form);
  const body = typed(form);
  if (sent.has(form) || body === known.get(form)) return;
  known.set(form, body);
  const headers = { "Content-Type": "application/x-www-form-urlencoded" };
  try {
    const answer = await fetch("/drafts", { method: "POST", headers, body, keepalive: leaving && body.length < KEEPALIVE_MAX });
    if (answer.status === 204) return say(form, "saved");
    if (answer.status === 413) return say(form, "tooLong");
    if (answer.status === 429) later(form, answer);
  } catch {
    // The desk is away for a moment: the next pause tries again.
  }
  known.delete(form);
}

// Saved too often: the text stays in the form and is tried again when the desk says so.
function later(form, answer) {
  clearTimeout(timers.get(form));
  timers.set(form, setTimeout(() => save(form), 1000 * (Number(answer.headers.get("Retry-After")) || 60)));
  say(form, "later");
}

const leave = () => forms().filter((form) => timers.has(form)).forEach((form) => save(form, true));

// Parts of a page are exchanged while it is open, so the document listens, not each form.
document.addEventListener("focusin", ({ target }) => {
  const form = target.closest("form[data-draft]");
  if (form && !known.has(form)) known.set(form, typed(form));
});
document.addEventListener("input", ({ target }) => {
  const form = target.closest("form[data-draft]");
  if (!form) return;
  clearTimeout(timers.get(form));
  timers.set(form, setTimeout(() => save(form), PAUSE_MS));
});
document.addEventListener("submit", ({ target }) => {
  clearTimeout(timers.get(target));
  timers.delete(target);
  sent.add(target);
});
document.addEventListener("visibilitychange", () => document.hidden && leave());
addEventListener("pagehide", leave);
addEventListener("pageshow", () => forms().forEach((form) => sent.delete(form)));

for (const form of forms()) {
  if (form.dataset.draft === "unsaved") save(form);
  else known.set(form, typed(form));
}
