// Live news: one stream a browser, shared by its tabs; a poll where no stream gets through.
// Each hint becomes a "desk:news" event on the document: {tickets: [12], reload: false, bell: true, first: true}.
// `bell`: some of it may be new on the bell; `first`: this tab alone has it first hand. Who has a ticket open is "desk:presence".

const POLL_MS = 15_000;
const ROUNDS = 4; // of polls, until a stream is tried again
const channel = "BroadcastChannel" in window ? new BroadcastChannel("desk-live") : null;
let mark = document.body.dataset.live; // where the events stood when this page was made; every hint moves it on

function tell(news) {
  mark = news.mark || mark;
  document.dispatchEvent(new CustomEvent(news.present ? "desk:presence" : "desk:news", { detail: news }));
}

function pass(news) {
  tell({ ...news, first: true });
  channel?.postMessage(news);
}

function listen() {
  return new Promise((ended) => {
    const source = new EventSource(`/live?since=${encodeURIComponent(mark)}`);
    source.onmessage = (line) => pass({ ...JSON.parse(line.data), mark: line.lastEventId });
    source.addEventListener("presence", (line) => pass({ present: JSON.parse(line.data).ticket }));
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) ended();
    };
  });
}

// What happened since the mark. Says whether it makes sense to ask again.
async function ask(hand) {
  try {
    const answer = await fetch(`/live/poll?since=${encodeURIComponent(mark)}`, { headers: { "If-None-Match": `"${mark}"` } });
    if (answer.redirected) return false; // signed out
    if (answer.status !== 200) return true;
    const news = await answer.json();
    if (news.reload || news.tickets.length) hand(news);
  } catch {
    // The desk is away for a moment: the next round asks again.
  }
  return true;
}

async function poll() {
  for (let round = 0; round < ROUNDS; round++) {
    await new Promise((later) => setTimeout(later, POLL_MS * (0.8 + 0.4 * Math.random())));
    if (!(await ask(pass))) return false;
  }
  return true;
}

async function lead() {
  do await listen();
  while (await poll());
}

// Without locks (a desk without https) nobody can lead, and a stream a tab would use up the browser's connections.
async function follow() {
  while (await poll());
}

export async function start() {
  channel?.addEventListener("message", (message) => tell(message.data));
  if (!navigator.locks) return follow();
  const led = await navigator.locks.request("desk-live", { ifAvailable: true }, async (lock) => lock && (await lead(), true));
  if (led) return;
  // Another tab leads. What it was told before this one listened has to be asked for once.
  ask(tell);
  navigator.locks.request("desk-live", lead);
}
