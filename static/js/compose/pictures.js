// Opens the pictures of a conversation large, over the page. Without scripts their links open them alone.

const dialog = () => document.getElementById("large");
const links = () => [...document.querySelectorAll("a[data-large]")];
let opened = null;

function show(link) {
  opened = link.href;
  const small = link.querySelector("img");
  const picture = Object.assign(new Image(), { src: link.href, alt: small.alt });
  dialog().querySelector(".large-in").replaceChildren(picture);
  dialog().querySelector(".large-what").textContent = small.alt;
  dialog().querySelector(".large-file").href = link.href;
  if (!dialog().open) dialog().showModal();
}

function turn(step) {
  const all = links();
  const now = all.findIndex((link) => link.href === opened);
  if (all[now + step]) show(all[now + step]);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-large]");
  if (link && dialog() && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    show(link);
  } else if (event.target === dialog()) {
    dialog().close(); // beside the picture
  }
});
document.addEventListener("keydown", (event) => {
  if (!dialog()?.open) return;
  if (event.key === "ArrowRight") turn(1);
  if (event.key === "ArrowLeft") turn(-1);
});
