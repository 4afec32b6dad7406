// What to save and as what, the progress, where it went; and the switch that records the run.

export default () => {
  function render({ model, el }) {
    const what = h("select", { class: "pg-field", "aria-label": "what to save" });
    const format = h("select", { class: "pg-field", "aria-label": "format" });
    const save = h("button", { class: "pg-button pg-export-save", type: "button",
      onclick: () => model.send({ kind: "save", what: what.value, format: format.value }) }, "save");
    const bar = h("progress", { max: 1, "aria-label": "progress of the clip" });
    const cancel = h("button", { class: "pg-button pg-export-cancel", type: "button",
      onclick: () => model.send({ kind: "cancel" }) }, "cancel");
    const run = h("button", { class: "pg-switch", type: "button", role: "switch",
      "aria-label": "record the run", title: "Writes down what you do, so that the run can be made again. Starts it anew.",
      onclick: () => model.send({ kind: "run", value: run.getAttribute("aria-checked") !== "true" }) });
    const words = h("div", { class: "pg-export-words", role: "status" });
    el.classList.add("pg-panel", "pg-export");
    el.append(h("div", { class: "pg-export-row" }, what, format, save, bar, cancel,
      h("span", { class: "pg-export-gap" }), h("span", {}, "record the run"), run), words);
    const fill = (select, pairs) => {
      const before = select.value;
      select.replaceChildren(...pairs.map(([value, label]) => h("option", { value }, label)));
      if (pairs.some(([value]) => value === before)) select.value = before;
    };
    const stops = [
      follow(model, "spans", (spans) => fill(what, spans)),
      follow(model, "formats", (names) => fill(format, names.map((name) => [name, name]))),
      follow(model, "running", (on) => { bar.hidden = cancel.hidden = !on; save.disabled = on; }),
      follow(model, "share", (share) => {
        if (share < 0) bar.removeAttribute("value"); else bar.value = share;
      }),
      follow(model, "message", (text) => { words.textContent = text; words.hidden = !text; }),
      follow(model, "recorded", (on) => run.setAttribute("aria-checked", on)),
      troubleLine(model, el),
    ];
    return () => stops.forEach((stop) => stop());
  }
  return { render };
};
