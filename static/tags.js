// Offers the tags in use, fetched when the field is first entered; completes the last of several, where the browser's own
// list would complete the whole field only.

for (const field of document.querySelectorAll("input[data-tags]")) {
  let names = [];
  const offer = () => {
    const before = field.value.slice(0, field.value.lastIndexOf(",") + 1);
    field.list?.replaceChildren(...names.map((name) => new Option("", before ? `${before} ${name}` : name)));
  };
  const load = async () => {
    try {
      const answer = await fetch("/tags");
      if (answer.ok && !answer.redirected) names = (await answer.json()).tags;
      offer();
    } catch {
      // Without a list one can still type.
    }
  };
  field.addEventListener("focus", load, { once: true });
  field.addEventListener("focus", offer); // Two fields may share one list.
  field.addEventListener("input", offer);
}
