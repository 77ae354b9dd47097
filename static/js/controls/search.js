// The search box: while typing it offers what could come next (ARIA combobox). keys.js leads into it by "/".

const box = document.querySelector("input[data-completions]");
const list = document.createElement("ul");
let choices = [], chosen = -1, asked = 0, timer;

function close() {
  clearTimeout(timer);
  asked += 1;
  choices = [];
  show();
}

function show() {
  list.replaceChildren(...choices.map((choice, i) => {
    const item = document.createElement("li");
    item.id = `search-choice-${i}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", String(i === chosen));
    const name = document.createElement("span"), hint = document.createElement("span");
    name.textContent = choice.shown;
    hint.textContent = choice.hint;
    hint.className = "soft small";
    item.append(name, " ", hint);
    item.addEventListener("pointerdown", (event) => { event.preventDefault(); take(choice); });
    return item;
  }));
  list.hidden = !choices.length;
  box.setAttribute("aria-expanded", String(!list.hidden));
  if (chosen >= 0 && choices.length) box.setAttribute("aria-activedescendant", `search-choice-${chosen}`);
  else box.removeAttribute("aria-activedescendant");
}

function take(choice) {
  box.value = choice.text;
  box.focus();
  box.setSelectionRange(choice.text.length, choice.text.length);
  close();
  if (choice.text.endsWith(":")) ask();
}

async function ask() {
  const mine = ++asked, typed = box.value;
  if (!typed.trim() || box.selectionStart !== typed.length) return close();
  try {
    const answer = await fetch(`${box.dataset.completions}?q=${encodeURIComponent(typed)}`, { headers: { Accept: "application/json" } });
    if (mine !== asked || !answer.ok || answer.redirected) return;
    choices = await answer.json();
  } catch {
    return;
  }
  if (mine !== asked || document.activeElement !== box) return;
  chosen = -1;
  show();
}

function move(step) {
  chosen = (chosen + step + choices.length + 1) % (choices.length + 1);
  if (chosen === choices.length) chosen = -1;
  show();
}

function key(event) {
  if (event.isComposing || !choices.length) return;
  if (event.key === "ArrowDown") chosen === -1 ? (chosen = 0, show()) : move(1);
  else if (event.key === "ArrowUp") chosen === -1 ? (chosen = choices.length - 1, show()) : (chosen -= 1, show());
  else if (event.key === "Enter" && chosen >= 0) take(choices[chosen]);
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
}

if (box) {
  list.id = "search-choices";
  list.className = "search-choices";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", box.dataset.offered);
  box.after(list);
  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-expanded", "false");
  box.setAttribute("aria-controls", list.id);
  box.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 120); });
  box.addEventListener("keydown", key);
  box.addEventListener("blur", close);
}
