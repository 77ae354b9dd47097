// Brings an open page up to date: fetches it again and takes over what changed, without moving anybody's focus.

const QUIET_MS = 500; // between two refreshes of one page
const SPREAD_MS = 50; // so that not every open page asks in the same moment; hidden ones have more time
const SPREAD_HIDDEN_MS = 4000;
const SAY_MS = 5000; // between two sentences to a screen reader
const title = document.title;
let unread = 0;
let busy = false;
let again = false;
let spoke = 0;
let soon = null;
let bell = false; // whether some of the news may be new on the bell
// Tickets that have changed and whose rows here do not show it yet; null while that is not known one by one.
let changed = new Set();

const held = (element) => element.matches(":hover") || element.contains(document.activeElement);
// A page that answers a form holds what was typed there: none of its forms is exchanged.
const inUse = (form) => "sent" in document.body.dataset || form.contains(document.activeElement) || touched(form);

function touched(form) {
  if (form.querySelector("[data-coming]")) return true; // a file is on its way into it
  return [...form.elements].some((field) => {
    if (field.type === "hidden" || field.tagName === "BUTTON") return false;
    if (field.tagName === "SELECT") return [...field.options].some((o) => o.selected !== o.defaultSelected && (o.selected || o.defaultSelected));
    return field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
  });
}

// Two parts that differ only in how long ago something was are the same.
function looks(element) {
  const copy = element.cloneNode(true);
  for (const time of copy.querySelectorAll("time")) time.textContent = "";
  for (const mark of copy.querySelectorAll("input[type=hidden]")) mark.remove();
  copy.classList.remove("fresh");
  if (!copy.className) copy.removeAttribute("class");
  delete copy.dataset.waits;
  return copy.outerHTML;
}

export function say(sentence) {
  const wait = Math.max(0, spoke + SAY_MS - Date.now());
  clearTimeout(say.later);
  say.later = setTimeout(() => {
    spoke = Date.now();
    document.getElementById("announcer").replaceChildren(sentence);
  }, wait);
}

function count(changes) {
  if (!document.hidden || !changes) return;
  unread += changes;
  document.title = `(${unread}) ${title}`;
}

// ---- lists: rows are known by their ticket

function refreshList(body, fresh) {
  const now = new Map([...body.rows].map((row) => [row.dataset.ticket, row]));
  const wanted = [...fresh.rows];
  const place = (rows, row) => [...rows].findIndex((other) => other.dataset.ticket === row.dataset.ticket);
  const holding = [...body.rows].find(held);
  const moves = holding && place(wanted, holding) !== place(body.rows, holding);
  let changes = 0;
  for (const row of wanted) {
    const old = now.get(row.dataset.ticket);
    const differs = !old || (!("kept" in row.dataset) && looks(old) !== looks(row));
    if (!differs) continue;
    if (!old && moves) {
      changed?.add(Number(row.dataset.ticket));
      continue;
    }
    if (old && held(old)) {
      changed?.add(Number(row.dataset.ticket));
      later(old);
      continue;
    }
    changes += 1;
    row.classList.add("fresh");
    if (old?.querySelector(".pick:checked")) row.querySelector(".pick").checked = true;
    old?.replaceWith(row);
  }
  if (moves) later(holding);
  else arrange(body, wanted);
  return changes;
}

function arrange(body, wanted) {
  const kept = new Map([...body.rows].map((row) => [row.dataset.ticket, row]));
  const numbers = new Set(wanted.map((row) => row.dataset.ticket));
  for (const [number, row] of kept) if (!numbers.has(number)) row.remove();
  let before = null;
  for (const row of wanted) {
    const here = kept.get(row.dataset.ticket) || row;
    const next = before ? before.nextElementSibling : body.firstElementChild;
    if (here !== next) body.insertBefore(here, next);
    before = here;
  }
}

// A row under the pointer or the focus waits until it is left, and so does a box.
function later(row) {
  if (row.dataset.waits) return;
  row.dataset.waits = "yes";
  const left = () => {
    delete row.dataset.waits;
    for (const event of ["pointerleave", "focusout"]) row.removeEventListener(event, left);
    setTimeout(refresh, 50);
  };
  for (const event of ["pointerleave", "focusout"]) row.addEventListener(event, left);
}

// ---- a ticket: entries are known by their id

function refreshConversation(box, fresh) {
  let changes = 0;
  let before = null;
  const entries = [...fresh.querySelectorAll(":scope > .msg, :scope > .ev")];
  const wanted = new Set(entries.map((entry) => entry.id));
  for (const entry of entries) {
    const old = document.getElementById(entry.id);
    if (!old) {
      entry.classList.add("fresh");
      before ? before.after(entry) : box.prepend(entry);
      changes += 1;
      before = entry;
    } else {
      if (looks(old) !== looks(entry) && !old.contains(document.activeElement)) {
        old.replaceWith(entry);
        before = entry;
      } else before = old;
    }
  }
  // A long conversation comes with its newest part only: what stands above that part was loaded before, and stays.
  const first = fresh.querySelector(":scope > .show-earlier") && document.getElementById(entries.find((entry) => entry.id !== "description")?.id);
  const above = (entry) => first && entry.compareDocumentPosition(first) & Node.DOCUMENT_POSITION_FOLLOWING;
  for (const entry of box.querySelectorAll(":scope > .msg, :scope > .ev")) {
    if (!wanted.has(entry.id) && !above(entry) && !entry.contains(document.activeElement)) entry.remove();
  }
  return changes;
}

// ---- everything else that lives: replaced as a whole, unless somebody is in it or has changed something in it

function refreshPart(part, fresh) {
  if (looks(part) === looks(fresh) && !part.matches("form") ) return 0;
  const forms = part.matches("form") ? [part] : [...part.querySelectorAll("form")];
  if (part.contains(document.activeElement) || forms.some(inUse)) return 0;
  for (const open of part.querySelectorAll("details[open]")) {
    fresh.querySelectorAll("details")[[...part.querySelectorAll("details")].indexOf(open)]?.setAttribute("open", "");
  }
  const scroll = part.scrollLeft;
  part.replaceWith(fresh);
  fresh.scrollLeft = scroll;
  return 0;
}

function take(page) {
  let changes = 0;
  for (const fresh of [...page.querySelectorAll("[data-part]")]) {
    const part = document.querySelector(`[data-part="${fresh.dataset.part}"]`);
    if (!part) continue;
    if (part.tagName === "TBODY") changes += refreshList(part, fresh);
    else if (part.dataset.part === "conversation") changes += refreshConversation(part, fresh);
    else changes += refreshPart(part, fresh);
  }
  return changes + refreshBox(document.querySelector("[data-box]"), page.querySelector("[data-box]"));
}

// A list that was empty, or is now, has another shape: then the whole box is exchanged.
function refreshBox(box, fresh) {
  if (!box || !fresh || Boolean(box.querySelector("tbody")) === Boolean(fresh.querySelector("tbody"))) return 0;
  const holding = [...box.querySelectorAll("tr[data-ticket]")].find(held);
  if (holding || box.contains(document.activeElement)) {
    later(holding || box);
    return 0;
  }
  box.replaceWith(fresh);
  return 1;
}

// The answer to a form has the form's address; the page it shows is the ticket's. A list says its own, with its order
// and columns as they are here: what the person keeps for all lists meanwhile would not fit the rows that stay.
function address() {
  const list = document.querySelector("[data-address]");
  if (list) return list.dataset.address;
  const ticket = document.querySelector("[data-this-ticket]");
  return ticket && "sent" in document.body.dataset ? `/tickets/${ticket.dataset.thisTicket}` : location.href;
}

// The rows that are as they should be: the desk sends only their places, and the other rows whole.
function kept() {
  const numbers = [...document.querySelectorAll("tr[data-ticket]")].map((row) => Number(row.dataset.ticket));
  return changed ? numbers.filter((number) => !changed.has(number)).join(",") : "";
}

async function refresh() {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  const asked = changed;
  try {
    const headers = { "X-Live": document.hidden ? "hidden" : "shown", "X-Live-Keeps": kept(), "X-Live-Bell": bell ? "yes" : "no" };
    changed = new Set();
    bell = false;
    const answer = await fetch(address(), { headers });
    if (answer.ok && !answer.redirected) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const changes = take(page);
      document.dispatchEvent(new CustomEvent("desk:page", { detail: page }));
      count(changes);
      if (changes) say(document.body.dataset.news);
    } else if (answer.redirected && /\/tickets\/\d+$/.test(answer.url)) {
      // Merged into another ticket. Whoever is writing is told, and keeps what they typed; all others are led there.
      if ([...document.forms].some(inUse)) say(document.body.dataset.moved);
      else location.replace(answer.url);
    } else if (answer.redirected || answer.status === 404 || answer.status === 403) {
      say(document.body.dataset.gone);
    }
  } catch {
    // The desk is away for a moment: the next hint or poll comes again, and asks for these too.
    changed = asked && changed ? new Set([...asked, ...changed]) : null;
  }
  setTimeout(() => {
    busy = false;
    if (again) {
      again = false;
      refresh();
    }
  }, QUIET_MS);
}

// Whether this page shows something that the news may have changed.
export function concerns(news) {
  const ticket = document.querySelector("[data-this-ticket]")?.dataset.thisTicket;
  if (!document.querySelector("[data-part]")) return false;
  return !ticket || Boolean(news.reload) || news.tickets.includes(Number(ticket));
}

document.addEventListener("desk:news", ({ detail }) => {
  if (!concerns(detail)) return;
  bell ||= Boolean(detail.bell);
  if (detail.reload) changed = null;
  else for (const number of detail.tickets) changed?.add(number);
  soon ??= setTimeout(
    () => {
      soon = null;
      refresh();
    },
    Math.random() * (document.hidden ? SPREAD_HIDDEN_MS : SPREAD_MS),
  );
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  unread = 0;
  document.title = title;
  if (document.querySelector("[data-this-ticket]")) refresh();
});
