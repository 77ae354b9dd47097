// Tickets that look the same: one's own while a subject is typed, and earlier ones beside a ticket.

const own = document.querySelector("[data-alike]");
const subject = document.getElementById("subject");
let timer, asked = 0;

async function ask() {
  const mine = ++asked;
  const answer = subject.value.trim().length < 3 ? null : await fetch(`${own.dataset.alike}?subject=${encodeURIComponent(subject.value)}`).catch(() => null);
  const found = answer?.ok && !answer.redirected ? await answer.json() : [];
  if (mine !== asked) return;
  own.hidden = !found.length;
  own.querySelector("ul").replaceChildren(...found.map((ticket) => {
    const item = document.createElement("li"), link = document.createElement("a");
    link.href = ticket.url;
    link.textContent = `#${ticket.number} ${ticket.subject}`;
    item.append(link);
    return item;
  }));
}

if (own && subject) subject.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 350); });

async function fill(link) {
  const answer = await fetch(link.href).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const list = page.querySelector("[data-similar-list]");
  if (!list) return;
  const title = document.createElement("h2");
  title.textContent = link.textContent;
  link.replaceWith(title, list);
}

const similar = document.querySelector("a[data-similar]");
if (similar) fill(similar);
