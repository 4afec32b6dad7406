// The prompt line: applies on Enter or after a pause; chips put known words in.

export default () => {
  function render({ model, el }) {
    const input = h("input", { class: "pg-prompt", type: "text", spellcheck: "false",
      autocomplete: "off", "aria-label": "prompt: what shall the picture be?",
      placeholder: "what shall it be?", title: "Enter applies; arrow up and down: earlier words", maxlength: 2000 });
    const hint = h("div", { class: "pg-hint", role: "status", "aria-live": "polite" });
    const ideas = h("div", { class: "pg-ideas", role: "group", "aria-label": "ideas" });
    const words = h("div", { class: "pg-words", hidden: true });
    const toggle = (open) => {
      words.hidden = !open;
      all.setAttribute("aria-expanded", open);
    };
    const outside = (event) => { if (!el.contains(event.target)) toggle(false); };
    document.addEventListener("pointerdown", outside);
    el.addEventListener("keydown", (event) => { if (event.key === "Escape") toggle(false); });
    const all = h("button", { class: "pg-chip pg-all-words", type: "button", "aria-expanded": "false",
      onclick: () => toggle(words.hidden) }, "all my words");
    let timer = null;
    let back = 0; // how many steps back in the history
    let typed = ""; // what stood there before
    const apply = (entered = true) => {
      clearTimeout(timer);
      timer = null;
      if (entered) back = 0;
      model.send({ kind: "prompt", text: input.value, entered });
    };
    const recall = (step) => {
      const history = model.get("history");
      if (back === 0) typed = input.value;
      const most = history.length;
      back = Math.min(most, Math.max(0, back + step));
      if (back && step > 0 && history[most - back] === typed && back < most) back += 1;
      input.value = back ? history[most - back] : typed;
      input.setSelectionRange(input.value.length, input.value.length);
    };
    input.addEventListener("input", () => {
      clearTimeout(timer);
      back = 0;
      if (model.get("pause_ms")) timer = setTimeout(() => apply(false), model.get("pause_ms"));
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") apply();
      if (event.key === "ArrowUp" || event.key === "ArrowDown") {
        event.preventDefault();
        recall(event.key === "ArrowUp" ? 1 : -1);
      }
      if (event.key === "Escape") input.blur();
    });
    const chip = (text, onclick) => h("button", { class: "pg-chip", type: "button", onclick }, text);

    el.classList.add("pg-panel", "pg-prompt-box");
    el.append(
      h("div", { class: "pg-prompt-row" }, input),
      h("div", { class: "pg-chip-row" }, ideas, h("span", { "data-name": "words" }, all)),
      words, hint,
    );
    const stops = [
      follow(model, "value", (text) => { if (timer === null && !back) input.value = text; }),
      follow(model, "hint", (text) => { hint.textContent = text; hint.hidden = !text; }),
      follow(model, "ideas", (texts) => ideas.replaceChildren(...texts.map((text) =>
        chip(text, () => { input.value = text; apply(); })))),
      follow(model, "words", (groups) => {
        const every = Object.values(groups).flat();
        all.hidden = !every.length && !model.get("cannot").words;
        words.replaceChildren(...Object.entries(groups).map(([kind, list]) =>
          h("div", { class: "pg-word-group", role: "group", "aria-label": kind },
            h("span", { class: "pg-word-kind" }, kind),
            ...list.map((word) => chip(word, () => model.send({ kind: "word", word, group: kind }))))));
      }),
      greyOut(model, el),
      troubleLine(model, el),
    ];
    return () => {
      clearTimeout(timer);
      document.removeEventListener("pointerdown", outside);
      stops.forEach((stop) => stop());
    };
  }
  return { render };
};
