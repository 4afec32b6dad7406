// The slots of the stream batch. One strip holds all of them; every frame keeps its colour while it
// moves from slot to slot, so that one can follow it with the eye.

const HUES = [18, 200, 130, 285, 48, 330, 165, 240];

export default () => {
  function render({ model, el }) {
    const row = h("div", { class: "pg-slots", role: "img" });
    const slow = h("button", { class: "pg-button pg-slow", type: "button", "aria-pressed": "false",
      title: "slow motion: about two steps a second",
      onclick: () => model.send({ kind: "slow", value: !model.get("slow") }) }, "slow motion");
    el.classList.add("pg-panel", "pg-slot-view");
    el.append(row, slow);
    let tiles = [];
    let unacknowledged = 0;
    let newest = 0;
    const watch = audience(model, () => newest);

    function build(count) {
      const labels = model.get("labels");
      tiles = Array.from({ length: count }, (_, slot) => {
        const canvas = h("canvas", { width: 96, height: 96 });
        const tag = h("span", { class: "pg-slot-label" },
          `step ${slot + 1}`, h("small", {}, labels[slot] ? ` ${labels[slot]}` : ""));
        return { canvas, tile: h("div", { class: "pg-slot" }, canvas, tag) };
      });
      row.replaceChildren(...tiles.map(({ tile }) => tile));
      row.setAttribute("aria-label", `what each of the ${count} denoising steps predicts now`);
    }

    async function paint(message, bytes) {
      const strip = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
      if (tiles.length !== message.count) build(message.count);
      const side = strip.height;
      tiles.forEach(({ canvas, tile }, slot) => {
        canvas.getContext("2d").drawImage(strip, slot * side, 0, side, side, 0, 0, 96, 96);
        const hue = HUES[(((message.index - slot) % HUES.length) + HUES.length) % HUES.length];
        tile.style.setProperty("--frame", `hsl(${hue} 75% 52%)`);
      });
      row.dataset.index = message.index;
      strip.close();
      newest = message.number;
      unacknowledged += 1;
      if (unacknowledged >= 8 && watch.looks()) {
        unacknowledged = 0;
        model.send({ kind: "ack", page: watch.page, index: newest });
      }
    }

    const onMessage = (message, buffers) => {
      if (message.kind !== "slots") return;
      watch.alive();
      paint(message, buffers[0]);
    };
    model.on("msg:custom", onMessage);
    const stops = [
      follow(model, "labels", (labels) => build(labels.length)),
      follow(model, "slow", (on) => {
        slow.setAttribute("aria-pressed", on);
        el.classList.toggle("pg-is-slow", on);
      }),
      troubleLine(model, el),
      watch.include(el),
    ];
    return () => {
      model.off("msg:custom", onMessage);
      stops.forEach((stop) => stop());
    };
  }
  return { render };
};
