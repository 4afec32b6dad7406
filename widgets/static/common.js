// Small things every panel uses.

/** Make an element: h("button", {class: "x", onclick: f}, "text", child). */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

/** Follow a trait: call `apply(value)` now and whenever Python changes it; returns the way back. */
function follow(model, name, apply) {
  const listener = () => apply(model.get(name));
  model.on(`change:${name}`, listener);
  listener();
  return () => model.off(`change:${name}`, listener);
}

/** The error line under a panel. */
function troubleLine(model, el) {
  const line = h("div", { class: "pg-trouble", role: "alert" });
  el.append(line);
  return follow(model, "trouble", (text) => {
    line.textContent = text;
    line.hidden = !text;
  });
}

/** Draw inline icons: 24x24 paths in the text's colour. */
function icon(path) {
  const holder = document.createElement("span");
  holder.className = "pg-icon";
  holder.setAttribute("aria-hidden", "true");
  holder.innerHTML = `<svg viewBox="0 0 24 24" width="18" height="18" fill="none"
    stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${path}</svg>`;
  return holder;
}
