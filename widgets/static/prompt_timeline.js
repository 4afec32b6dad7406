// The timeline: entries one can drag, a play head, tools, the words of the chosen entry.

const TIMELINE_ICONS = {
  play: '<path d="M7 4.500v15l12-7.500z" fill="currentColor"/>',
  stop: '<rect x="6.500" y="6.500" width="11" height="11" rx="1.500" fill="currentColor"/>',
  add: '<path d="M12 5v14M5 12h14"/>',
  split: '<path d="M12 4v16"/><path d="M8 8H4v8h4M16 8h4v8h-4"/>',
  duplicate: '<rect x="4" y="8" width="11" height="11" rx="2"/><path d="M9 8V5h11v11h-5"/>',
  remove: '<path d="M4 7h16"/><path d="m6 7 1 13h10l1-13M9 7V4h6v3"/>',
  undo: '<path d="M9 14 4 9l5-5"/><path d="M4 9h10a6 6 0 0 1 0 12h-3"/>',
  redo: '<path d="m15 14 5-5-5-5"/><path d="M20 9H10a6 6 0 0 0 0 12h3"/>',
  open: '<path d="M12 15V4M8 8l4-4 4 4M5 15v4h14v-4"/>',
  save: '<path d="M12 4v11M8 11l4 4 4-4M5 15v4h14v-4"/>',
};
const seconds = (value) => `${Number(value.toFixed(2))} s`;

export default () => {
  function render({ model, el }) {
    let scale = 0; // pixels a second; 0 = all of it fits
    let drag = null;
    const edit = (verb, ...values) => model.send({ kind: "edit", verb, values });
    const items = () => model.get("items");
    const chosen = () => items().find((item) => item.number === model.get("selected"));
    const shownS = () => Math.max(10, model.get("duration_s") + 2);
    const perSecond = () => scale || (view.clientWidth || 600) / shownS();

    const button = (name, title, onclick) => h("button", { class: "pg-button", type: "button", title,
      "aria-label": title, "data-name": name, onclick }, icon(TIMELINE_ICONS[name] || ""));
    const act = {
      undo: () => model.send({ kind: "undo" }),
      redo: () => model.send({ kind: "redo" }),
      zoom: (factor) => { scale = Math.min(400, Math.max((view.clientWidth || 600) / shownS(), perSecond() * factor)); draw(); },
      play: () => model.send({ kind: "play", value: !model.get("playing") }),
      neighbour: (item, step) => {
        const list = items();
        const next = list[list.indexOf(item) + step];
        if (next) cells.get(next.number)?.focus(); // which chooses it
      },
      pull: (item, grip, by) => wish(item, grip, pulled(item, grip, by, roomOf(item, items(), model.get("fixed_s")))),
      split: (item) => {
        const head = model.get("head_s");
        edit("split", head > item.start && head < item.end ? head : (item.start + item.end) / 2);
      },
      duplicate: (item) => edit("duplicate", item.number),
      remove: (item) => edit("remove", item.number),
      words: () => (words.readOnly ? form.form.querySelector("[type=text]") : words).focus(),
    };
    const onChosen = (verb) => () => { const item = chosen(); if (item) act[verb](item); };
    const play = button("play", "play (P)", act.play);
    const undo = button("undo", "undo (Z)", act.undo);
    const redo = button("redo", "redo (Shift+Z)", act.redo);
    const own = ["split", "duplicate", "remove"].map((name) => button(name,
      { split: "split (S)", duplicate: "duplicate (D)", remove: "take out (Delete)" }[name], onChosen(name)));
    const file = h("input", { type: "file", accept: ".json,.jsonl,.txt", hidden: true,
      onchange: () => sendFile(model, file, "file") });
    const format = h("select", { class: "pg-field pg-format", "aria-label": "format of the file" },
      ...model.get("formats").map((name) => h("option", { value: name }, name)));
    const tools = h("div", { class: "pg-timeline-tools" }, play,
      button("add", "add an entry with the words above", () => edit("add")), ...own, undo, redo,
      button("open", "open a timeline file", () => file.click()),
      button("save", "save as a file", () => model.send({ kind: "export", format: format.value })), format, file);
    const words = h("input", { class: "pg-field pg-timeline-words", type: "text", spellcheck: "false",
      placeholder: "choose an entry, or paste a line: a duck[5s] | a cat[5s]",
      "aria-label": "words of the chosen entry; or paste a timeline here" });
    words.addEventListener("keydown", (event) => {
      if (event.key === "Escape") words.blur();
      if (event.key !== "Enter") return;
      const item = chosen();
      if (item) model.send({ kind: "words", number: item.number, text: words.value });
      else if (words.value.trim()) { model.send({ kind: "paste", text: words.value }); words.value = ""; }
    });
    words.addEventListener("paste", (event) => {
      const text = event.clipboardData.getData("text");
      if (!/\[\s*[\d.]+\s*s?\s*\]|^\s*[{[]/.test(text)) return;
      event.preventDefault();
      model.send({ kind: "paste", text });
    });

    const ruler = h("div", { class: "pg-timeline-ruler", "aria-hidden": "true" });
    const lane = h("div", { class: "pg-timeline-lane", role: "listbox", "aria-label": "entries of the timeline" });
    const head = h("div", { class: "pg-timeline-head", "aria-hidden": "true" });
    const past = h("div", { class: "pg-timeline-past", "aria-hidden": "true" });
    const sheet = h("div", { class: "pg-timeline-sheet" }, ruler, lane, past, head);
    const view = h("div", { class: "pg-timeline-view", "data-own-keys": TIMELINE_KEYS,
      "data-lm-suppress-shortcuts": true }, sheet);
    const form = timelineForm(model, chosen, () => cells.get(model.get("selected"))?.focus());
    const remarks = h("div", { class: "pg-hint pg-timeline-remarks", role: "status", "aria-live": "polite" });
    const cells = new Map();
    el.classList.add("pg-panel", "pg-timeline");
    el.append(h("div", { class: "pg-timeline-bar" }, tools, words), view, form.form, remarks);

    function place(cell, start, end) {
      cell.style.left = `${start * perSecond()}px`;
      cell.style.width = `${Math.max(4, (end - start) * perSecond() - 2)}px`;
    }

    function wish(item, grip, [start, end]) {
      if (start === item.start && end === item.end) return;
      edit(grip, item.number, grip === "end" ? end : start);
    }

    function cellOf(item) {
      const cell = h("div", { class: "pg-timeline-item", role: "option", tabindex: "0" },
        h("span", { class: "pg-timeline-title" }), h("small", {}));
      cell.addEventListener("pointerdown", (event) => {
        if (event.button) return;
        const now = items().find(({ number }) => number === item.number);
        cell.focus({ preventScroll: true });
        model.send({ kind: "select", number: item.number });
        cell.setPointerCapture(event.pointerId);
        drag = { item: now, grip: gripOf(event, cell), x: event.clientX, to: [now.start, now.end],
          room: roomOf(now, items(), model.get("fixed_s")) };
        cell.dataset.grip = drag.grip;
      });
      cell.addEventListener("pointermove", (event) => {
        if (!drag) { cell.style.cursor = gripOf(event, cell) === "move" ? "grab" : "ew-resize"; return; }
        if (Math.abs(event.clientX - drag.x) < 3 && !drag.moved) return;
        drag.moved = true;
        drag.to = pulled(drag.item, drag.grip, (event.clientX - drag.x) / perSecond(), drag.room);
        place(cell, ...drag.to);
        cell.lastChild.textContent = seconds(drag.to[1] - drag.to[0]);
      });
      const end = (event) => {
        if (!drag) return;
        const done = drag;
        drag = null;
        delete cell.dataset.grip;
        if (event.type === "pointerup" && done.moved) wish(done.item, done.grip, done.to);
        else draw();
      };
      cell.addEventListener("pointerup", end);
      cell.addEventListener("pointercancel", end);
      lane.append(cell);
      cells.set(item.number, cell);
      return cell;
    }

    function draw() {
      if (drag) return;
      const list = items();
      for (const [number, cell] of cells) {
        if (list.some((item) => item.number === number)) continue;
        cell.remove();
        cells.delete(number);
      }
      list.forEach((item) => {
        const cell = cells.get(item.number) || cellOf(item);
        place(cell, item.start, item.end);
        cell.dataset.kind = item.kind;
        cell.dataset.number = item.number;
        cell.style.setProperty("--hue", item.hue);
        cell.style.setProperty("--blend", `${(item.blend_s || 0) * perSecond()}px`);
        cell.firstChild.textContent = item.title;
        cell.lastChild.textContent = seconds(item.end - item.start);
        cell.title = `${item.text}\n${seconds(item.start)} to ${seconds(item.end)}`
          + (item.blend_s ? `, takes over within ${seconds(item.blend_s)}` : "");
        cell.setAttribute("aria-label", `${item.kind} ${item.number}: ${item.title}, from ${seconds(item.start)} to ${seconds(item.end)}`);
      });
      lane.dataset.events = list.some((item) => item.kind === "event");
      const wide = Math.max(view.clientWidth, shownS() * perSecond());
      sheet.style.width = `${wide}px`;
      const steps = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800];
      const step = steps.find((gap) => gap * perSecond() >= 46) || 3600;
      const count = Math.min(400, Math.floor(wide / perSecond() / step));
      ruler.replaceChildren(...Array.from({ length: count + 1 }, (_, at) =>
        h("span", { style: `left: ${at * step * perSecond()}px` }, `${at * step} s`)));
      showHead();
      choose();
    }

    function showHead() {
      const at = model.get("head_s") * perSecond();
      head.style.transform = `translateX(${at}px)`;
      past.style.width = `${model.get("fixed_s") * perSecond()}px`;
      head.hidden = !model.get("playing");
      if (model.get("playing") && (at > view.scrollLeft + view.clientWidth - 40 || at < view.scrollLeft)) {
        view.scrollLeft = Math.max(0, at - 60);
      }
    }

    function choose() {
      const item = chosen();
      for (const [number, cell] of cells) cell.setAttribute("aria-selected", number === item?.number);
      own.forEach((one) => { one.disabled = !item; });
      words.readOnly = Boolean(item) && !item.single;
      if (document.activeElement !== words || item) words.value = item ? item.text : "";
      words.title = item ? item.text : "";
      form.fill();
    }

    view.addEventListener("keydown", (event) => {
      const number = Number(event.target.dataset?.number || 0);
      const item = items().find((one) => one.number === number) || chosen();
      if (!timelineKey(event, item, act)) return;
      event.preventDefault();
      event.stopPropagation();
    });
    view.addEventListener("focusin", (event) => {
      const number = Number(event.target.dataset?.number || 0);
      if (number && !drag) model.send({ kind: "select", number }); // what is chosen now may be on its way only
    });
    lane.addEventListener("pointerdown", (event) => {
      if (event.target === lane) model.send({ kind: "select", number: 0 });
    });
    view.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      act.zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2);
    }, { passive: false });
    const onMessage = (message, buffers) => {
      if (message.kind === "stands") { draw(); form.fill(true); }
      if (message.kind !== "download") return;
      const url = URL.createObjectURL(new Blob([buffers[0]], { type: "application/json" }));
      h("a", { href: url, download: message.name }).click();
      setTimeout(() => URL.revokeObjectURL(url), 1000);
    };
    model.on("msg:custom", onMessage);
    const size = new ResizeObserver(draw);
    size.observe(view);
    const stops = [
      follow(model, "items", draw),
      follow(model, "duration_s", draw),
      follow(model, "selected", choose),
      follow(model, "head_s", showHead),
      follow(model, "playing", (on) => {
        play.setAttribute("aria-pressed", on);
        play.replaceChildren(icon(TIMELINE_ICONS[on ? "stop" : "play"]));
        play.title = on ? "stop (P)" : "play (P)";
        showHead();
      }),
      follow(model, "can_undo", (can) => { undo.disabled = !can; }),
      follow(model, "can_redo", (can) => { redo.disabled = !can; }),
      follow(model, "remarks", (list) => {
        remarks.replaceChildren(...list.slice(0, 4).map((text) => h("div", {}, text)));
        if (list.length > 4) remarks.append(h("div", { title: list.join("\n") }, `and ${list.length - 4} more`));
        remarks.hidden = !list.length;
      }),
      troubleLine(model, el),
    ];
    return () => {
      size.disconnect();
      form.stop();
      model.off("msg:custom", onMessage);
      stops.forEach((stop) => stop());
    };
  }
  return { render };
};
