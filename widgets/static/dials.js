// A group of dials. The browser only sends wishes; what stands comes back in `values`.

export default () => {
  function render({ model, el }) {
    const shows = {};
    const rows = {};
    const waiting = {}; // timers of wishes that leave soon
    const left = {}; // when the last wish of a dial left

    function dialRow(dial) {
      const wish = (value, gap) => { // the first leaves at once, later ones every `gap` ms
        clearTimeout(waiting[dial.name]);
        const send = () => {
          delete waiting[dial.name];
          left[dial.name] = performance.now();
          model.send({ kind: "dial", name: dial.name, value });
        };
        const due = (left[dial.name] ?? -Infinity) + gap - performance.now();
        if (due <= 0) send();
        else waiting[dial.name] = setTimeout(send, due);
      };
      const { body, output, show } = DIAL_KINDS[dial.kind](dial, wish);
      shows[dial.name] = show;
      const reset = h("button", { class: "pg-reset", type: "button", title: "back to the start",
        "aria-label": `reset ${dial.label}`, hidden: true,
        onclick: () => model.send({ kind: "reset", name: dial.name }) }, "↺");
      const row = h("div", { class: `pg-dial pg-dial-${dial.kind}`, title: dial.tip, "data-name": dial.name },
        h("div", { class: "pg-dial-head" }, h("span", { class: "pg-dial-label" }, dial.label),
          reset, output || null),
        body);
      rows[dial.name] = { reset, start: dial.value };
      return row;
    }

    el.classList.add("pg-panel", "pg-dials");
    const stops = [
      follow(model, "dials", (dials) => el.replaceChildren(...dials.map(dialRow))),
      follow(model, "values", (values) => {
        for (const [name, value] of Object.entries(values)) {
          if (name in waiting || !(name in shows)) continue; // a newer wish is on its way
          shows[name](value);
          rows[name].reset.hidden = value === rows[name].start;
        }
      }),
      greyOut(model, el),
      troubleLine(model, el),
    ];
    return () => stops.forEach((stop) => stop());
  }
  return { render };
};
