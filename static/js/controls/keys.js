// Keys for what agents do all day. None fires while somebody types or holds a modifier, and all can be switched off in
// the profile (WCAG 2.1.4): then the body says data-shortcuts="off".

const SEQUENCE_MS = 1500; // for the second key of "g then i"
let waits = 0; // until when a second key counts

const on = () => document.body.dataset.shortcuts === "on";
const find = (selector) => document.querySelector(selector);
const rows = () => [...document.querySelectorAll("tr[data-ticket]")];
const here = () => document.activeElement?.closest("tr[data-ticket]") || (cursor?.isConnected ? cursor : null);
let cursor = null; // the row that was left last, for when its bar of acts had the focus meanwhile

function typing(event) {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return true;
  const target = event.target;
  return target.isContentEditable || target.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])");
}

function move(step) {
  const all = rows();
  if (!all.length) return;
  const place = all.indexOf(here());
  const next = all[place < 0 ? (step > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, place + step))];
  next.querySelector(".t").focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest", behavior: "instant" }); // A key held down would outrun a smooth one.
}

function select() {
  const pick = here()?.querySelector(".pick");
  pick?.click();
  return pick;
}

// In a list the field is in the bar of the selected rows: without any, the row under the cursor is selected first.
function field(name) {
  if (find(".picking") && !find(".pick:checked") && !select()) return;
  const wanted = find(`#bulk-${name}`) || find(`[data-part="facts"] [name="${name}"]`);
  const fold = find("#facts-open");
  if (fold && wanted?.closest(".fold")) fold.checked = true;
  wanted?.focus();
}

function compose(hash) {
  const link = find(`.modes a[href="${hash}"]`);
  link ? link.click() : find(`${hash} textarea`)?.focus();
}

function search() {
  const box = find("#search");
  box?.focus();
  box?.select();
}

const go = (name) => find(`[data-key="${name}"]`)?.click();

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  x: select,
  a: () => field("assignee"),
  s: () => field("status"),
  r: () => compose("#reply"),
  n: () => compose("#note"),
  c: () => go("raise"),
  "/": search,
  "?": () => find("#keys")?.showModal(),
};
const AFTER_G = { i: () => go("triage"), d: () => go("dashboard") };

document.addEventListener("focusin", () => {
  const row = document.activeElement.closest("tr[data-ticket]");
  if (row) cursor = row;
});

document.addEventListener("keydown", (event) => {
  if (!on() || typing(event) || find("dialog[open]")) return;
  const second = Date.now() < waits;
  waits = 0;
  if (!second && event.key === "g") {
    waits = Date.now() + SEQUENCE_MS;
    return;
  }
  const act = (second ? AFTER_G : KEYS)[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
