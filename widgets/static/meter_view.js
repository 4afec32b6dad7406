// What happens, in words, and the figures behind it.

export default () => {
  function render({ model, el }) {
    const line = h("span", { class: "pg-meter-line", role: "status", "aria-live": "polite" });
    const rate = h("span", { class: "pg-meter-rate" });
    const figures = h("div", { class: "pg-figures" });
    el.classList.add("pg-panel", "pg-meter");
    el.append(h("div", { class: "pg-meter-words" }, line, rate), figures);
    const stops = [
      follow(model, "line", (text) => { line.textContent = text; }),
      follow(model, "rate", (text) => { rate.textContent = text ? `; ${text}` : ""; }),
      follow(model, "figures", (list) => figures.replaceChildren(...list.map(([name, value, meaning]) =>
        h("span", { class: "pg-figure", title: meaning, "data-name": name },
          `${name} `, h("b", {}, value))))),
      troubleLine(model, el),
    ];
    return () => stops.forEach((stop) => stop());
  }
  return { render };
};
