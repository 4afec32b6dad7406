// Which strategies are compared; while they run, a label under each picture.

export default () => {
  function render({ model, el }) {
    const wish = (kind, ...values) => model.send({ kind, values });
    const chips = h("div", { class: "pg-what-if-chips", role: "group", "aria-label": "strategies to compare" });
    const go = h("button", { class: "pg-button pg-what-if-go", type: "button",
      title: "branch at the last switch and watch the chosen strategies side by side (W)",
      onclick: () => wish("start") }, "side by side");
    const choose = h("div", { class: "pg-what-if-choose" },
      h("span", { class: "pg-dial-label" }, "what if the past were"), chips, go);
    const labels = h("div", { class: "pg-what-if-labels" });
    const stop = h("button", { class: "pg-button pg-what-if-stop", type: "button",
      title: "back to the one stream (W)", onclick: () => wish("stop") }, "back to one");
    const running = h("div", { class: "pg-what-if-running" }, labels, stop);
    el.classList.add("pg-panel", "pg-what-if");
    el.append(choose, running);

    function show() {
      const chosen = model.get("chosen");
      const names = model.get("running");
      const options = model.get("options");
      chips.replaceChildren(...options.map(([name, label, words]) => h("button", { class: "pg-chip",
        type: "button", title: words, "data-name": name, "aria-pressed": String(chosen.includes(name)),
        onclick: () => wish("toggle", name) }, label)));
      go.disabled = chosen.length < 2 || chosen.length > 4;
      choose.hidden = Boolean(names.length);
      running.hidden = !names.length;
      labels.style.setProperty("--branches", names.length || 1);
      labels.replaceChildren(...names.map((name, at) => {
        const [, label, words] = options.find(([own]) => own === name);
        return h("div", { class: "pg-what-if-label", "data-name": name, title: words },
          h("b", {}, label),
          h("small", {}, model.get("words")[at] || ""),
          h("button", { class: "pg-chip", type: "button", title: `go on with “${label}”`,
            onclick: () => wish("keep", name) }, "go on with this"));
      }));
    }
    const stops = ["chosen", "running", "words"].map((name) => follow(model, name, show));
    stops.push(troubleLine(model, el));
    return () => stops.forEach((end) => end());
  }
  return { render };
};
