// Drag, draw, pin, camera; start, pace, undo, clear; the colours of the two paths.

const TOOL_ICONS = {
  drag: '<path d="M8 12V6.500a1.500 1.500 0 0 1 3 0V11M11 10.500V5a1.500 1.500 0 0 1 3 0v6M14 11V7a1.500 1.500 0 0 1 3 0v7c0 4-2 6-5 6-2.500 0-4-1-5.500-3.500L4.600 13.400c-.8-1.600 1.400-2.800 2.400-1.400l1 1.500"/>',
  draw: '<path d="M4 18c4-1 3-9 8-9s3 7 8 5"/><circle cx="4" cy="18" r="1.600" fill="currentColor"/><path d="m17 11 3 3-3 3"/>',
  pin: '<path d="M12 21s6-6.500 6-11a6 6 0 0 0-12 0c0 4.500 6 11 6 11z"/><circle cx="12" cy="10" r="2"/>',
  camera: '<path d="M12 3v18M3 12h18M9 6l3-3 3 3M9 18l3 3 3-3M6 9l-3 3 3 3M18 9l3 3-3 3"/>',
  start: '<path d="M7 4.500v15l12-7.500z" fill="currentColor"/>',
  undo: '<path d="M9 14 4 9l5-5"/><path d="M4 9h10a6 6 0 0 1 0 12h-3"/>',
  clear: '<path d="M4 7h16"/><path d="M10 11v6M14 11v6"/><path d="m6 7 1 13h10l1-13M9 7V4h6v3"/>',
};
const TOOL_TIPS = { drag: "grab a thing and pull it (D)", draw: "draw paths, then start them together (W)",
  pin: "pin what shall stay (P pins at the pointer)", camera: "pull to pan, wheel to zoom (V)" };

export default () => {
  function render({ model, el }) {
    const wish = (name, value) => model.send({ kind: "wish", name, value });
    const modes = h("div", { class: "pg-modes", role: "radiogroup", "aria-label": "what the hand does" },
      ...model.get("modes").map((mode) => h("button", { class: "pg-mode", type: "button", role: "radio",
        title: TOOL_TIPS[mode], "data-mode": mode, onclick: () => wish("mode", mode) },
        icon(TOOL_ICONS[mode]), h("span", {}, mode))));
    const words = h("span", {});
    const start = h("button", { class: "pg-button pg-start", type: "button", "data-name": "start",
      title: "start the drawn paths together (Enter)", onclick: () => wish("start") },
      icon(TOOL_ICONS.start), words);
    const small = (name, title) => h("button", { class: "pg-button", type: "button", title,
      "aria-label": title, "data-name": name, onclick: () => wish(name) }, icon(TOOL_ICONS[name]));
    const undo = small("undo", "undo (Z)");
    const output = h("output", { class: "pg-dial-value" });
    let timer = null;
    const pace = h("input", { type: "range", min: -2, max: 1.585, step: 0.005, class: "pg-pace",
      "aria-label": "speed of the paths", oninput: () => {
        const value = 2 ** Number(pace.value);
        output.textContent = `×${value.toFixed(2)}`;
        clearTimeout(timer);
        timer = setTimeout(() => wish("pace", Math.min(3, value)), 80);
      } });
    const shown = h("button", { class: "pg-legend", type: "button", "aria-pressed": "true",
      title: "draw the paths over the video (L)", onclick: () => wish("shown", !model.get("shown")) });
    const legend = ([asked, gone]) => shown.replaceChildren(
      h("i", { style: `--ink: ${asked}` }), "your path", h("i", { style: `--ink: ${gone}` }), "where it is");

    el.classList.add("pg-panel", "pg-path-tools");
    el.dataset.name = "tracks";
    el.append(modes,
      h("div", { class: "pg-path-row" }, start, undo, small("clear", "clear paths and pins (C)")),
      h("div", { class: "pg-dial", title: "Factor on the speed of drawn paths. ×1 = as fast as the hand drew." },
        h("div", { class: "pg-dial-head" }, h("span", { class: "pg-dial-label" }, "speed of paths"), output), pace),
      shown);
    const stops = [
      follow(model, "mode", (mode) => modes.querySelectorAll("button").forEach((button) =>
        button.setAttribute("aria-checked", button.dataset.mode === mode))),
      follow(model, "waiting", (count) => {
        start.disabled = !count;
        words.textContent = count > 1 ? `start ${count} paths` : count ? "start the path" : "start";
      }),
      follow(model, "pace", (value) => {
        pace.value = Math.log2(value);
        output.textContent = `×${value.toFixed(2)}`;
      }),
      follow(model, "can_undo", (can) => { undo.disabled = !can; }),
      follow(model, "shown", (on) => shown.setAttribute("aria-pressed", on)),
      follow(model, "colours", legend),
      greyOut(model, el),
      troubleLine(model, el),
    ];
    return () => {
      clearTimeout(timer);
      stops.forEach((stop) => stop());
    };
  }
  return { render };
};
