// Negative prompt, second prompt and how much of it.

export default () => {
  function render({ model, el }) {
    const timers = {};
    const wish = (change, wait) => {
      const [name] = Object.keys(change);
      clearTimeout(timers[name]);
      timers[name] = setTimeout(() => model.send({ kind: "change", ...change }), wait);
    };
    const field = (name, placeholder) => h("input", { class: "pg-field", type: "text", placeholder,
      spellcheck: "false", autocomplete: "off", maxlength: 2000,
      oninput: (event) => wish({ [name]: event.target.value }, 400),
      onkeydown: (event) => { if (event.key === "Enter") wish({ [name]: event.target.value }, 0); } });
    const negative = field("negative", "e.g. a red background");
    const second = field("second", "e.g. a cat on grass");
    const amount = h("input", { type: "range", min: 0, max: 1, step: 0.02, "aria-label": "how much of it",
      oninput: () => wish({ amount: Number(amount.value) }, 60) });
    el.classList.add("pg-panel", "pg-prompt-more");
    el.append(
      h("label", { "data-name": "negative_prompt", title: "negative prompt; used by guidance “full” and “initialize”" },
        h("span", {}, "keep out"), negative),
      h("label", { "data-name": "blend", title: "a second prompt to blend in" }, h("span", {}, "mix with"), second),
      h("label", { "data-name": "blend", title: "0: the first prompt alone; 1: the second alone" },
        h("span", {}, "how much"), amount),
    );
    const stops = [
      follow(model, "negative", (text) => { if (document.activeElement !== negative) negative.value = text; }),
      follow(model, "second", (text) => { if (document.activeElement !== second) second.value = text; }),
      follow(model, "amount", (value) => { amount.value = value; }),
      greyOut(model, el),
      troubleLine(model, el),
    ];
    return () => stops.forEach((stop) => stop());
  }
  return { render };
};
