// What the chosen entry says and how it comes in: texts with weights, length and kind of its transition.

const MOST_CHUNKS = 100; // a stream takes no longer transition
const WAYS = { linear: "along the line (linear)", slerp: "along the sphere (slerp)" };

/** What a stream makes of a transition: whole chunks, at least one; without chunks, the seconds alone. */
function inChunks(lasts, chunk) {
  if (!chunk) return lasts ? "" : "a cut";
  const count = Math.min(MOST_CHUNKS, Math.max(1, Math.round(lasts / chunk)));
  return count === 1 ? "a cut" : `${count} chunks`;
}

/** The form of the entry that `chosen()` gives; `back()` takes the focus to the entry again. */
function timelineForm(model, chosen, back) {
  const kept = new WeakMap(); // input -> what Python said last
  const typed = (input) => (Number.isFinite(input.valueAsNumber) ? input.valueAsNumber : null);
  const tell = (kind, more) => { const item = chosen(); if (item) model.send({ kind, number: item.number, ...more }); };
  let number = 0, grows = false;

  const lasts = h("input", { class: "pg-field pg-form-number", type: "number", min: 0, "data-name": "lasts",
    "aria-label": "comes in over so many seconds, 0 for a cut", onchange: () => comes() });
  const count = h("output", { class: "pg-form-count" });
  const way = h("select", { class: "pg-field pg-form-way", "data-name": "way", "aria-label": "how texts are mixed",
    "data-own-keys": "l s", onchange: () => comes() },
  ...Object.entries(WAYS).map(([value, label]) => h("option", { value }, label)));
  const comes = () => tell("comes", { seconds: typed(lasts), way: way.value });
  const mix = h("button", { class: "pg-button", type: "button", "data-name": "mix",
    title: "one more text for this entry; all of its texts are heard at once, by their weights",
    onclick: () => { grows = true; tell("mix", {}); } }, "mix with another text");
  const texts = h("div", { class: "pg-form-texts" });
  const note = h("span", { class: "pg-hint" });
  const onKey = (event) => {
    if (event.key === "Escape") back();
    // JupyterLab keeps Enter from the field, which would tell its change otherwise
    if (event.key === "Enter" && event.target.matches("input")) event.target.dispatchEvent(new Event("change"));
  };
  const form = h("fieldset", { class: "pg-timeline-form", onkeydown: onKey },
    h("div", { class: "pg-form-row" }, h("label", {}, "comes in over ", lasts, " s"), count,
      h("label", {}, "mixed ", way), mix, note), texts);

  const rows = () => [...texts.children];
  const said = () => rows().map((row) => [row.querySelector("[type=text]").value, typed(row.querySelector("[type=number]"))]);
  const say = (prompts) => tell("prompts", { prompts });
  function rowOf() {
    const row = h("div", { class: "pg-form-row" },
      h("input", { class: "pg-field pg-form-text", type: "text", spellcheck: "false", onchange: () => say(said()) }),
      h("input", { class: "pg-field pg-form-number", type: "number", min: 0, max: 100, step: 5, onchange: () => say(said()) }),
      h("output", { class: "pg-form-count" }),
      h("button", { class: "pg-button", type: "button", title: "take this text out", "aria-label": "take this text out",
        onclick: () => { say(said().filter((_, at) => at !== rows().indexOf(row))); back(); } }, icon(TIMELINE_ICONS.remove)));
    return row;
  }
  function put(input, value, anew) { // what someone is typing stays, unless something else was said meanwhile
    if (anew || kept.get(input) !== value || document.activeElement !== input) input.value = value;
    kept.set(input, value);
  }
  function fillTexts(prompts, anew) {
    const before = texts.children.length;
    const wanted = prompts.length > 1 ? prompts : []; // a single text stands in the line above
    while (texts.children.length > wanted.length) texts.lastChild.remove();
    while (texts.children.length < wanted.length) texts.append(rowOf());
    const total = wanted.reduce((sum, [, weight]) => sum + weight, 0);
    wanted.forEach(([text, weight], at) => {
      const [words, share, percent] = texts.children[at].children;
      put(words, text, anew);
      put(share, weight, anew);
      words.setAttribute("aria-label", `text ${at + 1} of the entry`);
      share.setAttribute("aria-label", `weight of text ${at + 1}, 0 to 100`);
      percent.textContent = `${Math.round(100 * weight / total)} %`;
    });
    if (grows && wanted.length > before) texts.lastChild.firstChild.select();
    if (anew || wanted.length > before) grows = false;
  }
  /** Show the chosen entry; `stands`: also over what was typed and refused. */
  function fill(stands = false) {
    const item = chosen();
    form.hidden = item?.kind !== "entry";
    if (form.hidden) { number = 0; return; }
    const anew = stands || item.number !== number, chunk = model.get("chunk_s");
    number = item.number;
    form.setAttribute("aria-label", `entry ${number}: its texts and how it comes in`);
    put(lasts, item.blend_s, anew);
    lasts.step = chunk || 0.1;
    put(way, item.way, anew);
    count.textContent = inChunks(item.blend_s, chunk);
    way.disabled = !item.blend_s && item.single;
    way.title = way.disabled ? "a cut to one text mixes nothing" : "how texts are mixed: on the way to this entry, and by its weights";
    fillTexts(item.prompts, anew);
    fix();
  }
  /** What has begun to play is fixed. */
  function fix() {
    const item = chosen();
    const began = Boolean(item) && item.start < model.get("fixed_s");
    if (form.disabled === began && note.hidden !== began) return;
    form.disabled = began;
    note.hidden = !began;
    note.textContent = began ? "it has begun: only its end may change" : "";
  }
  const stops = [
    follow(model, "chunk_s", () => fill()),
    follow(model, "fixed_s", fix),
  ];
  return { form, fill, stop: () => stops.forEach((stop) => stop()) };
}
