// Offers the tags in use, fetched when a field is first entered; completes the last of several, where the browser's own
// list would complete the whole field only.

const asked = new WeakSet(); // fields that were entered
let names = [];

function offer(field) {
  const before = field.value.slice(0, field.value.lastIndexOf(",") + 1);
  field.list?.replaceChildren(...names.map((name) => new Option("", before ? `${before} ${name}` : name)));
}

async function load(field) {
  asked.add(field);
  try {
    const answer = await fetch("/tags");
    if (answer.ok && !answer.redirected) names = (await answer.json()).tags;
    offer(field);
  } catch {
    // Without a list one can still type.
  }
}

// Parts of a page are exchanged while it is open, so the document listens, not each field.
document.addEventListener("focusin", ({ target }) => {
  if (!target.matches("input[data-tags]")) return;
  offer(target); // Two fields may share one list.
  if (!asked.has(target)) load(target);
});
document.addEventListener("input", ({ target }) => target.matches("input[data-tags]") && offer(target));
