// Live news: one stream a browser, shared by its tabs; a poll where no stream gets through.
// Each hint becomes a "desk:news" event on the document: {tickets: [12], reload: false}.

const POLL_MS = 15_000;
const channel = "BroadcastChannel" in window ? new BroadcastChannel("desk-live") : null;
let newest = 0;

function tell(news) {
  document.dispatchEvent(new CustomEvent("desk:news", { detail: news }));
}

function pass(news) {
  tell(news);
  channel?.postMessage(news);
}

channel?.addEventListener("message", (message) => tell(message.data));

function listen() {
  return new Promise((ended) => {
    const source = new EventSource("/live");
    source.onmessage = (line) => {
      newest = Math.max(newest, Number(line.lastEventId) || 0);
      pass({ tickets: [JSON.parse(line.data).ticket] });
    };
    source.addEventListener("reload", () => pass({ tickets: [], reload: true }));
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) ended();
    };
    addEventListener("pagehide", () => source.close(), { once: true });
  });
}

async function poll() {
  let mark = "";
  for (;;) {
    await new Promise((later) => setTimeout(later, POLL_MS * (0.8 + 0.4 * Math.random())));
    try {
      const answer = await fetch(`/live/poll?since=${newest}`, { headers: mark ? { "If-None-Match": mark } : {} });
      if (answer.status === 304) continue;
      if (answer.redirected || !answer.ok) return;
      mark = answer.headers.get("ETag") || "";
      const news = await answer.json();
      const first = newest === 0;
      newest = news.newest;
      if (!first && (news.reload || news.tickets.length)) pass(news);
    } catch {
      // The desk is away for a moment: the next round asks again.
    }
  }
}

async function lead() {
  await listen();
  await poll();
}

export function start() {
  if (navigator.locks) navigator.locks.request("desk-live", lead);
  else lead();
}
