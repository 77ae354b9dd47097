// Files by dropping, pasting or choosing: each is sent at once, with its progress, and waits in the form's list.

const AT_ONCE = 2; // of one person's pictures one is drawn and one waits
const LONGEST_PAUSE = 60; // seconds: a file that the desk takes again after a longer time is refused
const queue = [];
let running = 0;

const boxOf = (form) => form.querySelector(".attach");
const listOf = (form) => form.querySelector(".attached-list");
const formOf = (element) => element.closest?.("form:has(.attach)");
const coming = (form) => form.querySelectorAll("[data-coming]").length;

function say(form, sentence) {
  boxOf(form).querySelector("[role=status]").textContent = sentence;
}

// A line of the list, for a file that is on its way or was not taken.
function line(form, name) {
  const item = document.createElement("li");
  item.className = "attached";
  const words = document.createElement("div");
  words.className = "attached-in";
  words.append(Object.assign(document.createElement("bdi"), { textContent: name, className: "file-name" }));
  const button = Object.assign(document.createElement("button"), { type: "button", className: "btn link" });
  item.append(words, button);
  listOf(form).append(item);
  listOf(form).hidden = false;
  return { item, words, button };
}

function label(button, word, name) {
  button.replaceChildren(word, Object.assign(document.createElement("span"), { className: "visually-hidden", textContent: ` ${name}` }));
}

function gone(form, item, sentence) {
  const next = item.nextElementSibling || item.previousElementSibling;
  const held = item.contains(document.activeElement);
  item.remove();
  listOf(form).hidden = !listOf(form).children.length;
  if (held) (next?.querySelector("button") || boxOf(form).querySelector("input[type=file]")).focus();
  if (sentence) say(form, sentence);
}

function refuse(form, name, why, place = line(form, name)) {
  const { item, words, button } = place;
  delete item.dataset.coming;
  const reason = Object.assign(document.createElement("p"), { className: "wrong", textContent: why });
  words.replaceChildren(reason);
  label(button, boxOf(form).dataset.dismiss, name);
  button.onclick = () => gone(form, item);
  say(form, why);
}

function add(form, files) {
  const { mostMb, most, large, many } = boxOf(form).dataset;
  for (const file of files) {
    const attached = listOf(form).querySelectorAll("[data-file], [data-coming]").length;
    if (attached >= most) return refuse(form, file.name, many);
    if (file.size > mostMb * 1024 * 1024) refuse(form, file.name, `${file.name} ${large}`);
    else enqueue(form, file);
  }
}

function enqueue(form, file) {
  const place = line(form, file.name);
  place.item.dataset.coming = "yes";
  place.bar = document.createElement("progress");
  place.bar.max = 1;
  place.bar.value = 0;
  place.bar.setAttribute("aria-label", file.name);
  place.words.append(place.bar);
  label(place.button, boxOf(form).dataset.cancel, file.name);
  const task = { form, file, place };
  place.button.onclick = () => cancel(task);
  queue.push(task);
  work();
}

function cancel(task) {
  task.cancelled = true;
  task.request?.abort();
  gone(task.form, task.place.item);
  sendIfReady(task.form);
}

function work() {
  while (running < AT_ONCE && queue.length) {
    const task = queue.shift();
    if (task.cancelled) continue;
    running += 1;
    send(task);
  }
}

function send(task) {
  const { form, file, place } = task;
  const request = (task.request = new XMLHttpRequest());
  const body = new FormData();
  body.set("csrf_token", form.elements.csrf_token.value);
  body.set("path", new URL(form.action).pathname);
  body.set("file", file, file.name);
  request.open("POST", "/files");
  request.responseType = "json";
  request.upload.onprogress = (event) => {
    // What is sent has still to be looked at: the last part of the bar is for that.
    if (event.lengthComputable) place.bar.value = (event.loaded / event.total) * 0.9;
  };
  request.onloadend = () => {
    running -= 1;
    if (!task.cancelled && !again(task, request)) done(task, request);
    work();
  };
  request.send(body);
}

// Many pictures are on their way: the desk says when to send this one again, and its line stays until then.
function again(task, request) {
  const pause = request.status === 429 ? Number(request.getResponseHeader("Retry-After")) : 0;
  if (!pause || pause > LONGEST_PAUSE) return false;
  task.place.bar.value = 0;
  setTimeout(() => {
    queue.push(task);
    work();
  }, 1000 * pause);
  return true;
}

function done({ form, file, place }, request) {
  const box = boxOf(form).dataset;
  const answer = request.response;
  if (request.status === 201) {
    const row = document.createElement("template");
    row.innerHTML = answer.row;
    place.item.replaceWith(row.content);
    say(form, `${file.name} ${box.added}`);
  } else {
    const reason = request.status === 429 && answer?.why ? `${file.name}: ${answer.why}` : answer?.why;
    const why = request.status === 413 ? `${file.name} ${box.large}` : reason || `${file.name} ${box.failed}`;
    refuse(form, file.name, why, place);
    form.dispatchEvent(new CustomEvent("desk:refused"));
  }
  sendIfReady(form);
}

// ---- sending the form waits for its files

const waiting = new WeakMap();

function sendIfReady(form) {
  if (!waiting.has(form) || coming(form)) return;
  const button = waiting.get(form);
  waiting.delete(form);
  if (form.isConnected) form.requestSubmit(button);
}

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (!boxOf(form) || event.submitter?.hasAttribute("formaction") || !coming(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    waiting.set(form, event.submitter);
    say(form, boxOf(form).dataset.waiting);
  },
  true,
);
document.addEventListener("desk:refused", ({ target }) => waiting.delete(target), true);

// ---- choosing, pasting, dropping

document.addEventListener("change", ({ target }) => {
  const form = target.type === "file" && formOf(target);
  if (!form) return;
  const files = [...target.files];
  target.value = "";
  add(form, files);
});

document.addEventListener("paste", (event) => {
  const form = formOf(event.target) || shown();
  const files = [...(event.clipboardData?.files || [])];
  // A cell of a table comes as text and as a picture: whoever pastes into a text wants the text.
  if (!form || !files.length || event.clipboardData.types.includes("text/plain")) return;
  event.preventDefault();
  add(form, files.map((file) => named(form, file)));
});

// What comes from the clipboard is called image.png every time.
function named(form, file) {
  if (!/^image\.\w+$/.test(file.name)) return file;
  const time = new Date().toTimeString().slice(0, 8).replaceAll(":", ".");
  return new File([file], `${boxOf(form).dataset.screenshot} ${time}.${file.name.split(".").pop()}`, { type: file.type });
}

const shown = () => [...document.querySelectorAll("form:has(.attach)")].find((form) => form.offsetParent);
const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");

function mark(form) {
  for (const other of document.querySelectorAll("form.dropping")) if (other !== form) other.classList.remove("dropping");
  form?.classList.add("dropping");
}

// Anywhere on the page: a file dropped beside the form would take the place of the page.
document.addEventListener("dragover", (event) => {
  const form = carriesFiles(event) && (formOf(event.target) || shown());
  if (!form) return;
  event.preventDefault();
  mark(form);
});
document.addEventListener("dragleave", (event) => event.relatedTarget || mark(null));
document.addEventListener("drop", (event) => {
  const form = carriesFiles(event) && (formOf(event.target) || shown());
  mark(null);
  if (!form) return;
  event.preventDefault();
  add(form, [...event.dataTransfer.files]);
});

// ---- removing, and Enter in a description, which shall not send the form

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-remove]");
  if (!button) return;
  const form = formOf(button);
  const item = button.closest("li");
  const headers = { "X-CSRFToken": form.elements.csrf_token.value };
  const name = item.querySelector(".file-name").title;
  button.disabled = true;
  const answer = await fetch(button.dataset.remove, { method: "POST", headers }).catch(() => ({}));
  // One that another window has removed is gone as well.
  if (answer.status === 204 || answer.status === 404) return gone(form, item, `${name} ${boxOf(form).dataset.removed}`);
  button.disabled = false;
  say(form, `${name} ${boxOf(form).dataset.failed}`);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches(".attached .alt")) event.preventDefault();
});
