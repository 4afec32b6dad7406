// The tool row under the pad.

const ICONS = {
  brush: '<path d="M4 20c3 1 6 0 6-3 0-2-2-3-3.5-2.5C4 15.5 5.5 18.5 4 20z"/><path d="M9.5 14.5 19 4.5c.8-.8 2 .4 1.200 1.200L11.5 16"/>',
  eraser: '<path d="m7 20-4-4a2 2 0 0 1 0-3l9-9a2 2 0 0 1 3 0l5 5a2 2 0 0 1 0 3l-8 8z"/><path d="M21 20H7"/><path d="m8 9 7 7"/>',
  bucket: '<path d="m4 12 8-8 8 8-7 7a2 2 0 0 1-3 0z"/><path d="M4 12h16"/><path d="M21 16c-1 1.5-1.5 2.5-1.5 3a1.5 1.5 0 0 0 3 0c0-.5-.5-1.5-1.5-3z"/>',
  sheet: '<rect x="4" y="4" width="16" height="16" rx="2" fill="currentColor"/>',
  undo: '<path d="M9 14 4 9l5-5"/><path d="M4 9h10a6 6 0 0 1 0 12h-3"/>',
  redo: '<path d="m15 14 5-5-5-5"/><path d="M20 9H10a6 6 0 0 0 0 12h3"/>',
  clear: '<path d="M4 7h16"/><path d="M10 11v6M14 11v6"/><path d="m6 7 1 13h10l1-13M9 7V4h6v3"/>',
  load: '<rect x="3" y="4" width="18" height="16" rx="2"/><circle cx="8.5" cy="9.5" r="1.5"/><path d="m4 18 6-5 4 3 3-2 4 3"/>',
};

export default () => {
  function render({ model, el }) {
    const wish = (name, value) => model.send({ kind: "wish", name, value });
    const button = (name, title, onclick) =>
      h("button", { class: "pg-button", type: "button", title, "aria-label": title,
        "data-name": name, onclick }, icon(ICONS[name]));
    const tools = ["brush", "eraser", "bucket"].map((name) =>
      button(name, { brush: "brush", eraser: "eraser", bucket: "fill a patch" }[name],
        () => wish("tool", name)));
    const file = h("input", { type: "file", accept: "image/*", hidden: true, onchange: () => {
      if (file.files[0]) sendPicture(model, file.files[0]).catch(() => wish("unreadable"));
      file.value = "";
    } });
    const undo = button("undo", "undo (Z)", () => wish("undo"));
    const redo = button("redo", "redo (Shift+Z)", () => wish("redo"));
    const size = h("input", { type: "range", min: 4, max: 96, step: 1, class: "pg-pen-size",
      "aria-label": "pen size", title: "pen size", oninput: () => later(Number(size.value)) });
    let timer = null;
    const later = (value) => {
      clearTimeout(timer);
      timer = setTimeout(() => wish("size_px", value), 80);
    };
    const swatches = h("div", { class: "pg-swatches", role: "radiogroup", "aria-label": "colour" });
    const chosen = h("input", { type: "color", class: "pg-any-colour", title: "any colour",
      "aria-label": "any colour", onchange: () => wish("colour", chosen.value) });

    el.classList.add("pg-panel", "pg-pad-tools");
    el.append(
      h("div", { class: "pg-tool-row" }, ...tools, h("span", { class: "pg-gap" }), undo, redo,
        button("sheet", "fill the whole sheet", () => wish("fill")),
        button("clear", "clear the sheet", () => wish("clear")),
        button("load", "load a picture (or paste one)", () => file.click()), file),
      h("div", { class: "pg-colour-row" }, swatches),
      h("div", { class: "pg-size-row" }, size, chosen),
    );
    const mark = () => swatches.querySelectorAll("button").forEach((swatch) =>
      swatch.setAttribute("aria-checked", swatch.dataset.colour === model.get("colour")));
    const stops = [
      follow(model, "palette", (palette) => {
        swatches.replaceChildren(...Object.entries(palette).map(([name, colour]) =>
          h("button", { class: "pg-swatch", type: "button", role: "radio", title: name,
            "aria-label": name, "data-colour": colour, style: `--colour: ${colour}`,
            onclick: () => wish("colour", colour) })));
        mark();
      }),
      follow(model, "colour", (colour) => { chosen.value = colour; mark(); }),
      follow(model, "tool", (tool) => tools.forEach((each) =>
        each.setAttribute("aria-pressed", each.dataset.name === tool))),
      follow(model, "size_px", (value) => { size.value = value; }),
      follow(model, "can_undo", (can) => { undo.disabled = !can; }),
      follow(model, "can_redo", (can) => { redo.disabled = !can; }),
      troubleLine(model, el),
    ];
    return () => stops.forEach((stop) => stop());
  }
  return { render };
};
