// Shows beside a field how its text will look: the desk's own renderer makes it, so it looks the same when it is sent.

const field = (place) => place.closest("form").querySelector("textarea");

async function show(place) {
  const form = place.closest("form");
  const pane = place.querySelector(".pane");
  const body = new URLSearchParams({ text: field(place).value, csrf_token: form.elements.csrf_token.value });
  const headers = { "Content-Type": "application/x-www-form-urlencoded" };
  try {
    const answer = await fetch(place.dataset.preview, { method: "POST", headers, body });
    if (!answer.ok) throw new Error(answer.status);
    pane.innerHTML = (await answer.json()).html; // The desk escapes what was typed (helpdesk/markup/markdown.py).
    if (!pane.textContent.trim()) pane.textContent = place.dataset.empty;
  } catch {
    pane.textContent = place.dataset.failed;
  }
}

function toggle(place) {
  const button = place.querySelector("button");
  const open = button.getAttribute("aria-expanded") !== "true";
  button.setAttribute("aria-expanded", open);
  place.querySelector(".pane").hidden = !open;
  if (open) show(place);
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-preview] button");
  if (button) toggle(button.closest("[data-preview]"));
});

// What changes below an open preview is shown once typing rests.
let rest;
document.addEventListener("input", ({ target }) => {
  const place = target.closest("form")?.querySelector("[data-preview] button[aria-expanded=true]")?.closest("[data-preview]");
  if (!place || target !== field(place)) return;
  clearTimeout(rest);
  rest = setTimeout(() => show(place), 500);
});
