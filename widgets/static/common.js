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

/** Grey out what `cannot` names by its data-name, with the reason as the tooltip. */
function greyOut(model, el) {
  const tips = new Map();
  return follow(model, "cannot", (reasons) => {
    for (const part of [el, ...el.querySelectorAll("[data-name]")]) {
      const reason = reasons[part.dataset.name] || "";
      if (!reason && !tips.has(part)) continue;
      if (!tips.has(part)) tips.set(part, part.title);
      part.title = reason || tips.get(part);
      part.classList.toggle("pg-cannot", Boolean(reason));
      part.setAttribute("aria-disabled", Boolean(reason));
      if (part.tagName === "BUTTON") part.disabled = Boolean(reason);
      for (const child of part.children) child.inert = Boolean(reason); // the part itself still shows its tip
    }
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
