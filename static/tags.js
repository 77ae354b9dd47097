// Completes the last of several tags: the browser's own list completes a whole field only.

for (const field of document.querySelectorAll("input[data-tags]")) {
  const options = [...document.getElementById(field.getAttribute("list")).options].map((option) => [option, option.value]);
  field.addEventListener("input", () => {
    const before = field.value.slice(0, field.value.lastIndexOf(",") + 1);
    for (const [option, name] of options) option.value = before ? `${before} ${name}` : name;
  });
}
