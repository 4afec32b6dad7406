// One builder a kind of dial. Each gives {body, show(value)}; `wish(value, gap_ms)` asks Python.

function shownNumber(dial, value) {
  if (dial.off !== null && value === dial.off) return "off";
  const digits = dial.step >= 1 ? 0 : dial.step >= 0.1 ? 1 : 2;
  return Number(value).toFixed(digits);
}

const DIAL_KINDS = {
  range(dial, wish) {
    const output = h("output", { class: "pg-dial-value" });
    const slider = h("input", { type: "range", min: dial.low, max: dial.high, step: dial.step,
      "aria-label": dial.label, oninput: () => {
        output.textContent = shownNumber(dial, Number(slider.value));
        wish(Number(slider.value), 60);
      } });
    const ends = dial.left || dial.right
      ? h("div", { class: "pg-dial-ends", "aria-hidden": "true" },
          h("span", {}, dial.left), h("span", {}, dial.right))
      : null;
    return {
      body: h("div", {}, slider, ends), output,
      show(value) {
        slider.value = value;
        output.textContent = shownNumber(dial, value);
        slider.setAttribute("aria-valuetext",
          `${output.textContent}${dial.left ? `, between ${dial.left} and ${dial.right}` : ""}`);
      },
    };
  },

  choice(dial, wish) {
    const buttons = dial.options.map((option) => {
      const [value, label] = Array.isArray(option) ? option : [option, String(option)];
      const button = h("button", { class: "pg-segment", type: "button", role: "radio",
        "data-value": JSON.stringify(value), "data-name": `${dial.name}.${value}`, onclick: () => wish(value, 0) }, label);
      return button;
    });
    const group = h("div", { class: "pg-segments", role: "radiogroup", "aria-label": dial.label },
      ...buttons);
    group.addEventListener("keydown", (event) => {
      const turn = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!turn) return;
      event.preventDefault();
      const at = buttons.indexOf(document.activeElement);
      const next = buttons[(at + turn + buttons.length) % buttons.length];
      next.focus();
      next.click();
    });
    return { body: group, show(value) {
      buttons.forEach((button) => button.setAttribute(
        "aria-checked", button.dataset.value === JSON.stringify(value)));
    } };
  },

  menu(dial, wish) {
    const select = h("select", { class: "pg-field", "aria-label": dial.label,
      onchange: () => wish(dial.options[select.selectedIndex][0], 0) },
      ...dial.options.map(([, label, words]) => h("option", { title: words }, label)));
    const words = h("small", { class: "pg-menu-words" });
    return { body: h("div", {}, select, words), show(value) {
      select.selectedIndex = dial.options.findIndex(([own]) => own === value);
      words.textContent = select.title = dial.options[select.selectedIndex]?.[2] || "";
    } };
  },

  toggle(dial, wish) {
    const button = h("button", { class: "pg-switch", type: "button", role: "switch",
      "aria-label": dial.label, onclick: () => wish(button.getAttribute("aria-checked") !== "true", 0) });
    return { body: button, show: (value) => button.setAttribute("aria-checked", Boolean(value)) };
  },

  text(dial, wish) {
    const field = h("input", { class: "pg-field", type: "text", "aria-label": dial.label,
      spellcheck: "false", autocomplete: "off", onchange: () => wish(field.value, 0),
      onkeydown: (event) => { if (event.key === "Enter") wish(field.value, 0); } });
    return { body: field, show: (value) => { field.value = value; } };
  },

  seed(dial, wish) {
    const number = h("input", { class: "pg-field pg-seed", type: "number", min: 0, step: 1,
      "aria-label": dial.label, onchange: () => wish(Number(number.value), 0),
      onkeydown: (event) => { if (event.key === "Enter") wish(Number(number.value), 0); } });
    const dice = h("button", { class: "pg-button pg-dice", type: "button", title: "throw the dice (N)",
      "aria-label": "throw the dice", onclick: () => wish(Math.floor(Math.random() * 100000), 0) },
      icon('<rect x="4" y="4" width="16" height="16" rx="4"/><circle cx="9" cy="9" r=".8"/><circle cx="15" cy="9" r=".8"/><circle cx="12" cy="12" r=".8"/><circle cx="9" cy="15" r=".8"/><circle cx="15" cy="15" r=".8"/>'));
    const lock = h("button", { class: "pg-button pg-lock", type: "button", "aria-pressed": "false",
      title: "lock the seed", "aria-label": "lock the seed", onclick: () => {
        const locked = lock.getAttribute("aria-pressed") !== "true";
        lock.setAttribute("aria-pressed", locked);
        number.disabled = dice.disabled = locked;
      } }, icon('<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>'));
    return { body: h("div", { class: "pg-seed-row" }, number, dice, lock),
      show: (value) => { number.value = value; } };
  },
};
