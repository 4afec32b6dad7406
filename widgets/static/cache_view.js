// The entries of the KV cache. A frame keeps its cell, so that one sees the strip roll to the left.

const ROLE_WORDS = { sink: "sink: kept for ever", anchor: "anchor: the first chunk under these words",
  window: "window: the last frames", current: "in the making now" };
const CACHE_ROLES = Object.keys(ROLE_WORDS);

export default () => {
  function render({ model, el }) {
    const strip = h("div", { class: "pg-cache-strip", role: "img" });
    const legend = h("div", { class: "pg-cache-legend", "aria-hidden": "true" });
    const bars = h("div", { class: "pg-cache-bars", role: "img" });
    const ask = h("button", { class: "pg-chip pg-cache-ask", type: "button", "aria-pressed": "false",
      title: "where the layers look: share of attention on sink, window and current (A)",
      onclick: () => model.send({ kind: "attention", value: !model.get("wanted") }) }, "attention");
    el.classList.add("pg-panel", "pg-cache-view");
    el.append(h("div", { class: "pg-cache-main" }, strip, legend), ask, bars);
    const cells = new Map();
    const colour = (prompt) => `hsl(${model.get("hues")[prompt] ?? 0} 45% 34%)`;

    function cellOf(frame) {
      if (cells.has(frame)) return cells.get(frame);
      const cell = h("div", { class: "pg-cache-cell" }, h("span", {}), h("i", {}));
      cells.set(frame, cell);
      strip.append(cell);
      return cell;
    }

    function show() {
      const list = model.get("cells");
      const prompts = model.get("prompts");
      const now = new Set(list.map(([, frame]) => frame));
      for (const [frame, cell] of cells) {
        if (now.has(frame)) continue;
        cells.delete(frame);
        cell.remove();
      }
      const gaps = list.map(([role], at) => (at && list[at - 1][0] !== role ? 1 : 0));
      let place = 0;
      list.forEach(([role, frame, prompt], at) => {
        const cell = cellOf(frame);
        place += gaps[at] * 0.35;
        cell.dataset.role = role;
        cell.title = `frame ${frame}; ${ROLE_WORDS[role]}; ${prompts[prompt]}`;
        cell.firstChild.textContent = frame;
        cell.style.setProperty("--place", place);
        cell.style.setProperty("--prompt", colour(prompt));
        place += 1;
      });
      strip.style.setProperty("--cells", Math.max(place, 9));
      strip.dataset.newest = list.length ? list.at(-1)[1] : "";
      const count = (role) => list.filter((cell) => cell[0] === role).length;
      const more = model.get("hidden");
      strip.setAttribute("aria-label", `cache: ${count("sink")} sink, ${count("anchor") + count("window") + more} window, `
        + `${count("current")} current entries`);
      legend.replaceChildren(
        ...CACHE_ROLES.filter(count).map((role) =>
          h("span", { title: ROLE_WORDS[role] }, h("i", { "data-role": role }), role)),
        ...(more ? [h("span", {}, `and ${more} older ones`)] : []),
        ...prompts.map((prompt, at) => h("span", { class: "pg-cache-prompt", title: prompt },
          h("i", { class: "pg-line", style: `--prompt: ${colour(at)}` }), prompt)));
    }

    function flash(count) {
      if (!count) return;
      for (const frame of model.get("rewritten")) {
        const cell = cells.get(frame);
        if (!cell) continue;
        cell.classList.remove("pg-rewritten");
        void cell.offsetWidth; // so that the same cell flashes again
        cell.classList.add("pg-rewritten");
        cell.title += "; just written anew under the new words";
      }
      strip.dataset.switches = count;
    }

    function showShares(shares) {
      bars.replaceChildren(...shares.map((parts, layer) => h("div", { class: "pg-cache-bar" },
        h("small", {}, `layer ${layer + 1}`),
        h("div", {}, ...["sink", "window", "current"].map((role, at) =>
          h("i", { "data-role": role, style: `width: ${100 * parts[at]}%`,
            title: `layer ${layer + 1} pays ${Math.round(100 * parts[at])} % of its attention to ${role}` }))))));
      bars.hidden = !model.get("wanted");
      const mean = (at) => Math.round(100 * shares.reduce((sum, parts) => sum + parts[at], 0) / (shares.length || 1));
      bars.setAttribute("aria-label", `attention: sink ${mean(0)} %, window ${mean(1)} %, current ${mean(2)} %`);
    }

    const stops = [
      follow(model, "cells", show),
      follow(model, "prompts", show),
      follow(model, "hues", show),
      follow(model, "switches", flash),
      follow(model, "filled_by", (what) => { el.dataset.filledBy = what; }),
      follow(model, "shares", showShares),
      follow(model, "wanted", (on) => {
        ask.setAttribute("aria-pressed", on);
        bars.hidden = !on;
      }),
      troubleLine(model, el),
    ];
    return () => stops.forEach((stop) => stop());
  }
  return { render };
};
