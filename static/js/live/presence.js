// Agents with the same ticket open see each other: this page says that it is here, and shows who else is.

import { say } from "./news.js";

const BEAT_MS = 10_000;
const STILL_MS = 60_000; // a reply that nobody touches for so long is not being written
const channel = "BroadcastChannel" in window ? new BroadcastChannel("desk-presence") : null;
const here = () => document.querySelector("[data-present]");
const address = here()?.dataset.present;
let typed = 0;
let writing = false;

function fields(more) {
  const body = new FormData();
  for (const [name, value] of Object.entries({ csrf_token: document.querySelector("[name=csrf_token]").value, ...more })) body.set(name, value);
  return body;
}

function show({ others }) {
  const sentence = others.join(" · ");
  if (!here() || here().textContent === sentence) return;
  here().textContent = sentence;
  if (others.length && !document.hidden) say(sentence);
}

async function ask(options) {
  try {
    const answer = await fetch(address, options);
    if (answer.ok && !answer.redirected) show(await answer.json());
  } catch {
    // The desk is away for a moment: the next beat asks again.
  }
}

function beat() {
  if (document.hidden) return;
  writing = Date.now() - typed < STILL_MS && Boolean(document.querySelector("#reply textarea")?.value.trim());
  ask({ method: "POST", body: fields({ writing: writing ? 1 : 0 }) });
}

function wrote(event) {
  if (!event.target.closest("#reply")) return;
  typed = Date.now();
  if (Boolean(event.target.value.trim()) !== writing) beat();
}

if (address) {
  beat();
  setInterval(beat, BEAT_MS);
  document.addEventListener("input", wrote);
  document.addEventListener("visibilitychange", beat);
  document.addEventListener("desk:presence", ({ detail }) => {
    if (address.endsWith(`/${detail.present}/presence`)) ask();
  });
  addEventListener("pageshow", (event) => event.persisted && beat());
  addEventListener("pagehide", () => {
    navigator.sendBeacon(address, fields({ gone: 1 }));
    channel?.postMessage(address);
  });
  // Another tab of mine has left this ticket and taken me away with it.
  channel?.addEventListener("message", (message) => message.data === address && setTimeout(beat, 300));
}
