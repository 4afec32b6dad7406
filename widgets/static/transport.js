// Pause, step, record, snapshot, help.

const PICTURES = {
  pause: '<path d="M8 5v14M16 5v14"/>',
  play: '<path d="M7 4.5v15l12-7.5z" fill="currentColor"/>',
  step: '<path d="M6 5v14l9-7z" fill="currentColor"/><path d="M19 5v14"/>',
  record: '<circle cx="12" cy="12" r="6.5" fill="currentColor"/>',
  snapshot: '<path d="M4 8h3l2-3h6l2 3h3v11H4z"/><circle cx="12" cy="13" r="3.5"/>',
  help: '<path d="M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.500 1.200-1.500 2.400"/><path d="M12 18v.01"/>',
};
const TITLES = { pause: "pause (Space)", step: "one step (.)", record: "record a clip (R)",
  snapshot: "save this picture (S)", help: "keys (?)" };

export default () => {
  function render({ model, el }) {
    const buttons = Object.fromEntries(Object.entries(TITLES).map(([name, title]) =>
      [name, h("button", { class: `pg-button pg-${name}`, type: "button", title, "aria-label": title,
        "data-name": name, onclick: () => model.send({ kind: "press", name }) }, icon(PICTURES[name]))]));
    el.classList.add("pg-panel", "pg-transport");
    el.append(...Object.values(buttons));
    const stops = [
      follow(model, "paused", (on) => {
        buttons.pause.setAttribute("aria-pressed", on);
        buttons.pause.replaceChildren(icon(PICTURES[on ? "play" : "pause"]));
        buttons.pause.title = on ? "go on (Space)" : TITLES.pause;
      }),
      follow(model, "recording", (on) => buttons.record.setAttribute("aria-pressed", on)),
      troubleLine(model, el),
    ];
    return () => stops.forEach((stop) => stop());
  }
  return { render };
};
