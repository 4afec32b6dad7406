// News and trouble, with a way on.

export default () => {
  function render({ model, el }) {
    const text = h("span", { class: "pg-status-text" });
    const details = h("pre", { class: "pg-status-details" });
    const more = h("details", {}, h("summary", {}, "details"), details);
    const action = h("button", { class: "pg-button", type: "button",
      onclick: () => model.send({ kind: "action" }) });
    const close = h("button", { class: "pg-status-close", type: "button", title: "close",
      "aria-label": "close", onclick: () => model.send({ kind: "close" }) }, "×");
    const box = h("div", { class: "pg-status", role: "status", "aria-live": "polite" },
      h("div", { class: "pg-status-row" }, text, action, close), more);
    el.classList.add("pg-panel", "pg-status-line");
    el.append(box);
    const stops = [
      follow(model, "message", (message) => { text.textContent = message; box.hidden = !message; }),
      follow(model, "kind", (kind) => {
        box.dataset.kind = kind;
        box.setAttribute("role", kind === "error" ? "alert" : "status");
      }),
      follow(model, "details", (lines) => { details.textContent = lines; more.hidden = !lines; }),
      follow(model, "action", (label) => { action.textContent = label; action.hidden = !label; }),
      troubleLine(model, el),
    ];
    return () => stops.forEach((stop) => stop());
  }
  return { render };
};
