// Ctrl+K: a dialog to get to any page, view or ticket by a few letters. The desk says what this person may open.

const dialog = document.getElementById("palette");
const input = document.getElementById("palette-input");
const list = document.getElementById("palette-list");
let groups = [];

const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

// A number that was typed is a ticket's; whether it is there, and may be seen, its page says.
// Below it the way to the tickets that say the number.
function numbered(typed) {
  const number = typed.match(/^#?\s*([1-9]\d{0,8})$/)?.[1];
  const { ticket, tickets, saying, search } = dialog.dataset;
  const place = (name, url) => ({ name: name.replace("0", number), url });
  return number ? [{ name: "", places: [place(ticket, `${tickets}/${number}`), place(saying, `${search}?q=${number}`)] }] : [];
}

function option(place, index) {
  const made = document.createElement("a");
  Object.assign(made, { href: place.url, textContent: place.name, id: `place-${index}`, tabIndex: -1 });
  made.setAttribute("role", "option");
  made.setAttribute("aria-selected", "false");
  return made;
}

function show() {
  const words = fold(input.value).split(/\s+/).filter(Boolean);
  list.replaceChildren();
  for (const group of [...numbered(input.value.trim()), ...groups]) {
    const found = group.places.filter((place) => group.name === "" || words.every((word) => fold(place.name).includes(word)));
    if (!found.length) continue;
    const box = document.createElement("div");
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", group.name || dialog.dataset.ticket.replace(" #0", ""));
    if (group.name) box.dataset.name = group.name;
    for (const place of found) box.append(option(place, list.querySelectorAll("a").length + box.childElementCount));
    list.append(box);
  }
  const status = dialog.querySelector(".palette-none");
  status.textContent = list.childElementCount || !groups.length ? "" : status.dataset.none;
  choose(list.querySelector("a"));
}

function choose(place) {
  list.querySelector("[aria-selected=true]")?.setAttribute("aria-selected", "false");
  place?.setAttribute("aria-selected", "true");
  place?.scrollIntoView({ block: "nearest" });
  place ? input.setAttribute("aria-activedescendant", place.id) : input.removeAttribute("aria-activedescendant");
}

function move(step) {
  const all = [...list.querySelectorAll("a")];
  if (all.length) choose(all[(all.indexOf(list.querySelector("[aria-selected=true]")) + step + all.length) % all.length]);
}

async function open() {
  if (document.querySelector("dialog[open]")) return;
  document.getElementById("account-menu")?.hidePopover?.();
  input.value = "";
  show();
  dialog.showModal();
  try {
    const answer = await fetch(dialog.dataset.from);
    if (answer.ok && !answer.redirected) groups = (await answer.json()).groups;
  } catch {
    // The desk is away for a moment: a number can be typed all the same.
  }
  show();
}

if (dialog) {
  input.addEventListener("input", show);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const act = { ArrowDown: () => move(1), ArrowUp: () => move(-1), Enter: () => list.querySelector("[aria-selected=true]")?.click() }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });
  for (const button of document.querySelectorAll("[data-palette]")) button.addEventListener("click", open);
  for (const sheet of document.querySelectorAll("dialog.sheet")) {
    sheet.addEventListener("click", (event) => event.target === sheet && sheet.close());
  }
}
