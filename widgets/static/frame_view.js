// Paints JPEG frames that arrive as binary messages. The newest wins; every eighth is acknowledged
// after it was painted (of a slow stream every one that comes late enough), so a hidden or hung page
// stops the sender by itself. It tells how many were painted: where most are overtaken, fewer will do.

const ACK_EVERY = 8;
const ACK_AFTER_MS = 200;

export default () => {
  const canvases = new Set();
  let newest = null; // bytes that wait for the decoder
  let bitmap = null; // what is on the canvases
  let decoding = false;
  let asked = false; // a repaint is due
  let shown = { index: 0, version: 0, sent_ms: 0 };
  let acknowledged = 0;
  let acknowledgedAt = -Infinity;
  let painted = 0; // since then
  let watch = null; // what Python knows of this page

  function paintOn(canvas) {
    if (!bitmap) return;
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = !canvas.classList.contains("pg-pixels");
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    canvas.dataset.index = shown.index;
    canvas.dataset.version = shown.version;
    canvas.dataset.ageMs = Date.now() - shown.sent_ms; // true where page and kernel share a clock
    canvas.dataset.frames = Number(canvas.dataset.frames || 0) + 1;
    canvas.dispatchEvent(new CustomEvent("pg-painted", { bubbles: true, detail: shown }));
  }

  function repaint(model) {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      canvases.forEach(paintOn);
      painted += 1;
      const late = performance.now() - acknowledgedAt > ACK_AFTER_MS;
      if (watch.looks() && (late || shown.index - acknowledged >= ACK_EVERY)) acknowledge(model);
    });
  }

  function acknowledge(model) {
    if (shown.index === acknowledged) return;
    acknowledged = shown.index;
    acknowledgedAt = performance.now();
    model.send({ kind: "ack", page: watch.page, index: acknowledged, painted });
    painted = 0;
  }

  async function decode(model) {
    if (decoding) return;
    decoding = true;
    while (newest) {
      const { message, bytes } = newest;
      newest = null;
      try {
        const next = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
        bitmap?.close();
        bitmap = next;
        shown = message;
        repaint(model);
      } catch (error) {
        console.warn("a frame could not be decoded", error);
      }
    }
    decoding = false;
  }

  function initialize({ model }) {
    watch = audience(model, () => shown.index);
    model.on("msg:custom", (message, buffers) => {
      if (message.kind !== "frame") return;
      watch.alive();
      if (message.index < acknowledged) acknowledged = 0;
      newest = { message, bytes: buffers[0] };
      decode(model);
    });
    return () => bitmap?.close();
  }

  function render({ model, el }) {
    const canvas = h("canvas", { class: "pg-frame", role: "img", width: 64, height: 64 });
    const badge = h("div", { class: "pg-badge", "aria-hidden": "true" });
    const pixels = h("button", {
      class: "pg-corner", type: "button", title: "show the picture's own pixels",
      "aria-label": "show the picture's own pixels",
      onclick: () => model.send({ kind: "pixelated", value: !model.get("pixelated") }),
    }, icon('<rect x="4" y="4" width="7" height="7"/><rect x="13" y="13" width="7" height="7"/>'));
    const frame = h("div", { class: "pg-frame-holder" }, canvas, badge, pixels);
    el.classList.add("pg-frame-view");
    el.append(frame);

    const fit = () => {
      const side = Math.max(64, Math.round(frame.clientWidth * (window.devicePixelRatio || 1)));
      const height = Math.round(side / model.get("aspect"));
      if (canvas.width !== side || canvas.height !== height) {
        canvas.width = side;
        canvas.height = height;
      }
      paintOn(canvas);
    };
    const size = new ResizeObserver(fit);
    size.observe(frame);
    canvases.add(canvas);
    const stops = [
      follow(model, "label", (text) => canvas.setAttribute("aria-label", text || "the picture")),
      follow(model, "badge", (text) => { badge.textContent = text; badge.hidden = !text; }),
      follow(model, "aspect", (aspect) => { frame.style.aspectRatio = aspect; fit(); }),
      follow(model, "pixelated", (on) => {
        canvas.classList.toggle("pg-pixels", on);
        pixels.setAttribute("aria-pressed", on);
        paintOn(canvas);
      }),
      troubleLine(model, el),
      watch.include(frame),
    ];
    if (model.get("fresh")) {
      stops.push(reveal(frame));
      model.set("fresh", false);
      model.save_changes();
    }
    return () => {
      canvases.delete(canvas);
      size.disconnect();
      stops.forEach((stop) => stop());
    };
  }

  return { initialize, render };
};
