// Keys of the app around this element. They count only inside the app and outside text fields.

const TEXT = "input[type=text], input[type=number], input[type=search], textarea, [contenteditable=true]";
const PRESSABLE = "button, summary, input, select, a";
const QUIET = "data-lm-suppress-shortcuts"; // keeps JupyterLab's one-letter commands away

export default () => {
  function render({ model, el }) {
    const card = h("div", { class: "pg-key-card", role: "dialog", "aria-label": "keys" });
    el.classList.add("pg-panel", "pg-keys");
    el.append(card);

    function onKey(event) {
      const app = el.closest(".pg-app");
      const target = event.target;
      if (!app || !(target instanceof Element) || !app.contains(target)) return;
      const modified = event.ctrlKey || event.metaKey || event.altKey;
      target.toggleAttribute(QUIET, !modified);
      if (target.matches(TEXT) || modified) return;
      if (event.key === "Escape" && model.get("shown")) model.send({ kind: "close" });
      const key = event.key;
      const own = target.closest("[data-own-keys]"); // a widget inside may need a key itself
      if (own && own.dataset.ownKeys.split(" ").includes(key)) return;
      const pressable = (key === " " || key === "Enter") && target.matches(PRESSABLE);
      if (event.repeat || pressable || !(key in model.get("meanings"))) return;
      if (key === "Enter" && target.matches(".pg-pen-layer")) return;
      event.preventDefault();
      event.stopPropagation();
      model.send({ kind: "key", key });
    }
    window.addEventListener("keydown", onKey, true);
    const names = { " ": "Space", Z: "Shift+Z", Enter: "Enter" };
    const stops = [
      follow(model, "meanings", (meanings) => card.replaceChildren(
        h("dl", {}, ...Object.entries(meanings).flatMap(([key, meaning]) =>
          [h("dt", {}, h("kbd", {}, names[key] || key.toUpperCase())), h("dd", {}, meaning)])))),
      follow(model, "shown", (open) => { card.hidden = !open; }),
      troubleLine(model, el),
    ];
    return () => {
      window.removeEventListener("keydown", onKey, true);
      stops.forEach((stop) => stop());
    };
  }
  return { render };
};
