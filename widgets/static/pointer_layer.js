// Catches pen, mouse, finger and arrow keys over the canvas, and paints the stroke at once.

const KEEP_PAINT_MS = 150; // ipycanvas needs a moment to paint what Python sent

export default () => {
  function render({ model, el }) {
    const batch = strokeBatch(model);
    const sheet = h("canvas", { class: "pg-pen-paint", "aria-hidden": "true" });
    const ring = h("div", { class: "pg-pen-ring", "aria-hidden": "true" });
    const layer = h("div", {
      class: "pg-pen-layer", tabindex: "0", role: "application",
      "aria-label": "", "aria-describedby": null,
    }, sheet, ring);
    el.classList.add("pg-pointer-layer");
    el.append(layer);
    const context = sheet.getContext("2d");
    const side = () => model.get("side_px");
    let last = null; // where the pen is while it is down
    let cursor = { x: side() / 2, y: side() / 2 };
    let wipe = null;

    const place = (event) => {
      const box = layer.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * side();
      const y = ((event.clientY - box.top) / box.height) * side();
      return [Math.round(x * 10) / 10, Math.round(y * 10) / 10];
    };
    const moveRing = ([x, y]) => {
      cursor = { x, y };
      ring.style.left = `${(100 * x) / side()}%`;
      ring.style.top = `${(100 * y) / side()}%`;
    };
    const drawTo = (point) => {
      context.strokeStyle = model.get("colour");
      context.lineWidth = model.get("size_px");
      context.lineCap = context.lineJoin = "round";
      context.beginPath();
      context.moveTo(...(last || point));
      context.lineTo(...point);
      context.stroke();
      last = point;
    };
    const wipeSoon = () => {
      clearTimeout(wipe);
      wipe = setTimeout(() => {
        if (last || !batch.settled) return;
        context.clearRect(0, 0, sheet.width, sheet.height);
      }, KEEP_PAINT_MS);
    };

    function down(point) {
      if (model.get("tool") === "bucket") {
        model.send({ kind: "flood", point });
        return false;
      }
      drawTo(point);
      batch.add(point);
      return true;
    }
    function up(point) {
      if (!last) return;
      drawTo(point);
      last = null;
      batch.end(point);
      wipeSoon();
    }

    layer.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || last) return;
      event.preventDefault();
      layer.focus({ preventScroll: true });
      moveRing(place(event));
      if (down(place(event))) layer.setPointerCapture(event.pointerId);
    });
    layer.addEventListener("pointermove", (event) => {
      moveRing(place(event));
      if (!last || !layer.hasPointerCapture(event.pointerId)) return;
      const moves = event.getCoalescedEvents?.() || [];
      const points = (moves.length ? moves : [event]).map(place);
      points.forEach(drawTo);
      batch.add(...points);
    });
    const release = (event) => up(place(event));
    layer.addEventListener("pointerup", release);
    layer.addEventListener("pointercancel", release);

    layer.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
      const clamp = (value) => Math.min(side(), Math.max(0, value));
      if (event.key in steps) {
        const stride = side() / (event.shiftKey ? 12 : 48);
        const [dx, dy] = steps[event.key];
        const point = [clamp(cursor.x + dx * stride), clamp(cursor.y + dy * stride)];
        moveRing(point);
        if (last) { drawTo(point); batch.add(point); }
      } else if (event.key === "Enter") {
        if (last) up([cursor.x, cursor.y]);
        else down([cursor.x, cursor.y]);
        ring.classList.toggle("pg-pen-down", Boolean(last));
      } else return;
      event.preventDefault();
    });
    layer.addEventListener("blur", () => { up([cursor.x, cursor.y]); ring.classList.remove("pg-pen-down"); });

    const bring = (event, transfer) => {
      const picture = pictureIn(transfer);
      if (!picture) return;
      event.preventDefault();
      event.stopPropagation();
      sendPicture(model, picture);
    };
    const pasted = (event) => {
      const app = layer.closest(".pg-app") || layer;
      if (app.contains(document.activeElement)) bring(event, event.clipboardData);
    };
    document.addEventListener("paste", pasted, true);
    layer.addEventListener("dragover", (event) => event.preventDefault());
    layer.addEventListener("drop", (event) => bring(event, event.dataTransfer));

    const onMessage = (message) => {
      if (message.kind !== "painted") return;
      batch.painted(message.batch);
      wipeSoon();
    };
    model.on("msg:custom", onMessage);
    const lockCanvas = () => { // the canvas below would swallow Tab and the wheel
      const canvas = el.parentElement?.querySelector(".pg-pad-canvas");
      if (canvas) canvas.inert = true;
    };
    requestAnimationFrame(lockCanvas);
    setTimeout(lockCanvas, 500);
    const sizes = () => {
      ring.style.width = ring.style.height = `${(100 * model.get("size_px")) / side()}%`;
    };
    const stops = [
      follow(model, "side_px", (value) => { sheet.width = sheet.height = value; }),
      follow(model, "size_px", sizes),
      follow(model, "tool", (tool) => { layer.dataset.tool = tool; }),
      follow(model, "colour", (colour) => { ring.style.setProperty("--pen", colour); }),
      follow(model, "label", (text) => layer.setAttribute(
        "aria-label", `${text}. Arrow keys move the pen, Enter puts it down and lifts it.`)),
      troubleLine(model, el),
    ];
    moveRing([cursor.x, cursor.y]);
    model.send({ kind: "ready" });
    return () => {
      stops.forEach((stop) => stop());
      model.off("msg:custom", onMessage);
      document.removeEventListener("paste", pasted, true);
      clearTimeout(wipe);
    };
  }
  return { render };
};
