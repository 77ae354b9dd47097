// Notifications of the browser: asked for in the profile, shown by one tab while no tab of the desk is looked at.

const ON = "desk-popups";
const LAST = "desk-popped";
const ANSWER_MS = 300;
const channel = "BroadcastChannel" in window ? new BroadcastChannel("desk-seen") : null;
const allowed = () => "Notification" in window && Notification.permission === "granted" && localStorage.getItem(ON) === "yes";

let watched = false;
channel?.addEventListener("message", (message) => {
  if (message.data === "seen") watched = true;
  else if (!document.hidden) channel.postMessage("seen");
});

export async function popUp(news) {
  if (!allowed() || news.id <= Number(localStorage.getItem(LAST))) return;
  localStorage.setItem(LAST, news.id);
  watched = !document.hidden;
  channel?.postMessage("who sees the desk?");
  await new Promise((answered) => setTimeout(answered, ANSWER_MS));
  if (watched) return;
  try {
    const shown = new Notification(news.title, { body: news.body, tag: `desk-${news.id}`, icon: "/static/icon.svg" });
    shown.onclick = () => {
      window.open(news.link);
      shown.close();
    };
  } catch {
    // Phones show notifications of installed apps only.
  }
}

// ---- the switch in the profile

const box = document.getElementById("popups");

function label() {
  box.querySelector("button").textContent = allowed() ? box.dataset.off : box.dataset.on;
}

if (box && "Notification" in window) {
  box.hidden = false;
  label();
  box.querySelector("button").addEventListener("click", async () => {
    if (allowed()) localStorage.removeItem(ON);
    else if ((await Notification.requestPermission()) === "granted") localStorage.setItem(ON, "yes");
    else box.querySelector("[role=status]").textContent = box.dataset.refused;
    label();
  });
}
