// Over the video: grab and pull, draw, pin, move the camera; with mouse, pen, fingers or keys.

const PIN_REACH_PX = 16; // on the screen
const KEYS_POINTER = 90; // the number of the pointer that arrow keys move
const HINTS = {
  drag: "grab a thing and pull it", draw: "draw a path, several if you like; Enter starts them",
  pin: "click what shall stay where it is", camera: "pull to pan, turn the wheel to zoom",
};

export default () => {
  function render({ model, el }) {
    const sheet = h("canvas", { class: "pg-path-marks", "aria-hidden": "true" });
    const hint = h("div", { class: "pg-path-hint", "aria-hidden": "true" });
    const layer = h("div", { class: "pg-path-layer", tabindex: "0", role: "application" }, sheet, hint);
    el.classList.add("pg-panel", "pg-path-sheet-layer");
    el.dataset.name = "tracks";
    el.append(layer);
    const context = sheet.getContext("2d");
    const moves = movesOf(model);
    const numbers = pointerNumbers();
    const held = new Map(); // pointer number -> { kind, point, ... }
    let drawn = []; // lines that Python has not painted yet
    let trails = { commanded: [], followed: [] };
    let cursor = [model.get("width_px") / 2, model.get("height_px") / 2];
    let pinch = null;
    let asked = false;

    const scale = () => sheet.width / model.get("width_px");
    const place = (event) => {
      const box = layer.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * model.get("width_px");
      const y = ((event.clientY - box.top) / box.height) * model.get("height_px");
      return [Math.round(x * 100) / 100, Math.round(y * 100) / 100];
    };
    const clamp = ([x, y]) => [
      Math.min(model.get("width_px") - 1, Math.max(0, x)),
      Math.min(model.get("height_px") - 1, Math.max(0, y)),
    ];

    function paint() {
      asked = false;
      const [ink, gone] = model.get("colours");
      const dense = window.devicePixelRatio || 1;
      const at = scale();
      context.clearRect(0, 0, sheet.width, sheet.height);
      for (const line of trails.commanded) inkLine(context, line, ink, 3 * dense, at);
      for (const line of trails.followed) inkLine(context, line, gone, 3 * dense, at);
      for (const line of trails.followed) inkDot(context, line.at(-1), gone, 5 * dense, at);
      for (const line of drawn) inkLine(context, line, ink, 4 * dense, at);
      for (const hand of held.values()) {
        if (hand.kind === "draw") inkLine(context, hand.line, ink, 4 * dense, at);
        if (hand.kind === "grab") inkRing(context, hand.point, ink, 15 * dense, at);
      }
      const pin = model.get("pins")[model.get("selected")];
      if (pin) inkRing(context, pin, ink, 13 * dense, at);
      if (layer.matches(":focus-visible") && !held.size) inkRing(context, cursor, "#888", 7 * dense, at);
    }
    const repaint = () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(paint);
    };

    function pinAt(point) {
      const reach = (PIN_REACH_PX / layer.clientWidth) * model.get("width_px");
      const far = ([x, y]) => Math.hypot(x - point[0], y - point[1]);
      const index = model.get("pins").findIndex((pin) => far(pin) < reach);
      return index < 0 ? null : index;
    }

    function press(pointer, point) {
      const mode = model.get("mode");
      if (mode === "draw") held.set(pointer, { kind: "draw", line: [[...point, 0]], began: performance.now() });
      else if (mode === "pin") {
        const index = pinAt(point);
        if (index === null) model.send({ kind: "pin", point: clamp(point) });
        else {
          held.set(pointer, { kind: "pin", index, first: true });
          model.send({ kind: "select", index });
        }
      } else {
        held.set(pointer, { kind: mode === "camera" ? "camera" : "grab", point });
        if (mode === "camera" && held.size === 2) startPinch();
        else model.send({ kind: mode === "camera" ? "camera_grab" : "grab", pointer, point });
      }
      repaint();
    }
    function drag(pointer, points) {
      const hand = held.get(pointer);
      if (!hand) return;
      const point = points.at(-1);
      if (hand.kind === "draw") {
        const seconds = Math.round(performance.now() - hand.began) / 1000;
        hand.line.push(...points.map((each) => [...each, seconds]));
      } else if (hand.kind === "pin") {
        model.send({ kind: "move_pin", index: hand.index, point: clamp(point), first: hand.first });
        hand.first = false;
      } else {
        hand.point = point;
        if (pinch) movePinch();
        else moves.to(pointer, point);
      }
      repaint();
    }
    function lift(pointer) {
      const hand = held.get(pointer);
      if (!hand) return;
      held.delete(pointer);
      if (hand.kind === "draw") {
        drawn.push(hand.line);
        model.send({ kind: "path", points: hand.line });
      } else if (hand.kind === "pin") {
        // it stays where it was put
      } else if (pinch) {
        pinch = null;
        held.clear();
        model.send({ kind: "camera_release" });
      } else {
        moves.flush();
        model.send(hand.kind === "camera" ? { kind: "camera_release" } : { kind: "release", pointer });
      }
      repaint();
    }

    const spread = () => {
      const [a, b] = [...held.values()].map((hand) => hand.point);
      return { far: Math.max(2, Math.hypot(a[0] - b[0], a[1] - b[1])),
        middle: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2] };
    };
    const startPinch = () => { pinch = spread(); };
    function movePinch() {
      if (held.size < 2) return;
      const now = spread();
      const factor = now.far / pinch.far;
      if (Math.abs(factor - 1) < 0.03) return;
      model.send({ kind: "zoom", factor, point: now.middle });
      pinch = now;
    }

    layer.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      layer.focus({ preventScroll: true, focusVisible: false });
      layer.setPointerCapture(event.pointerId);
      cursor = place(event);
      press(numbers.of(event.pointerId), place(event));
    });
    layer.addEventListener("pointermove", (event) => {
      cursor = place(event);
      if (!layer.hasPointerCapture(event.pointerId)) return;
      const all = event.getCoalescedEvents?.() || [];
      drag(numbers.of(event.pointerId), (all.length ? all : [event]).map(place));
    });
    const release = (event) => {
      lift(numbers.of(event.pointerId));
      numbers.drop(event.pointerId);
    };
    layer.addEventListener("pointerup", release);
    layer.addEventListener("pointercancel", release);
    layer.addEventListener("contextmenu", (event) => {
      const index = pinAt(place(event));
      if (index === null) return;
      event.preventDefault();
      model.send({ kind: "unpin", index });
    });
    let wheel = 1;
    let wheelTimer = null;
    layer.addEventListener("wheel", (event) => {
      if (model.get("mode") !== "camera") return; // the page scrolls as ever
      event.preventDefault();
      wheel *= Math.exp(-Math.sign(event.deltaY) * Math.min(Math.abs(event.deltaY), 60) / 600);
      const point = place(event);
      wheelTimer ??= setTimeout(() => {
        model.send({ kind: "zoom", factor: wheel, point });
        wheel = 1;
        wheelTimer = null;
      }, 60);
    }, { passive: false });

    layer.addEventListener("keydown", (event) => {
      const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
      const selected = model.get("selected");
      if (event.key in ways) {
        const [dx, dy] = ways[event.key].map((way) => way * (event.shiftKey ? 5 : 1));
        if (selected >= 0 && !held.size) model.send({ kind: "nudge", by: [dx, dy] });
        else {
          cursor = clamp([cursor[0] + dx, cursor[1] + dy]);
          drag(KEYS_POINTER, [cursor]);
        }
      } else if ((event.key === "Delete" || event.key === "Backspace") && selected >= 0) {
        model.send({ kind: "unpin", index: selected });
      } else if (event.key === "Escape") {
        lift(KEYS_POINTER);
        model.send({ kind: "select", index: null });
      } else return;
      event.preventDefault();
      event.stopPropagation();
      repaint();
    });
    const letGo = () => {
      for (const pointer of [...held.keys()]) lift(pointer);
      repaint();
    };
    layer.addEventListener("blur", letGo);
    layer.addEventListener("focus", repaint);

    const onMessage = (message) => {
      if (message.kind === "trails") trails = message;
      else if (message.kind === "painted") drawn = [];
      else if (message.kind === "moved") moves.taken(message.batch);
      else if (message.kind === "at_cursor" && message.act === "pin") {
        model.send({ kind: "pin", point: clamp(cursor) });
      } else if (message.kind === "at_cursor") {
        if (held.has(KEYS_POINTER)) lift(KEYS_POINTER);
        else press(KEYS_POINTER, cursor);
      }
      repaint();
    };
    model.on("msg:custom", onMessage);
    const fit = () => {
      const side = Math.round(layer.clientWidth * (window.devicePixelRatio || 1));
      if (side && sheet.width !== side) {
        sheet.width = side;
        sheet.height = Math.round((side * model.get("height_px")) / model.get("width_px"));
      }
      repaint();
    };
    const size = new ResizeObserver(fit);
    size.observe(layer);
    const lockCanvas = () => { // the canvas below would swallow Tab and the wheel
      const canvas = el.parentElement?.querySelector(".pg-path-canvas");
      if (canvas) canvas.inert = true;
    };
    requestAnimationFrame(lockCanvas);
    setTimeout(lockCanvas, 500);
    const stops = [
      follow(model, "mode", (mode) => {
        letGo();
        layer.dataset.mode = mode;
        hint.textContent = HINTS[mode];
        layer.setAttribute("aria-label", `${model.get("label")}. ${HINTS[mode]}. Arrow keys move the `
          + "cursor or the selected pin, G grabs and lets go, P pins.");
      }),
      follow(model, "pins", repaint),
      follow(model, "selected", repaint),
      follow(model, "label", (text) => { layer.dataset.label = text; }),
      greyOut(model, el),
      troubleLine(model, el),
    ];
    model.send({ kind: "ready" });
    return () => {
      letGo();
      moves.stop();
      clearTimeout(wheelTimer);
      size.disconnect();
      stops.forEach((stop) => stop());
      model.off("msg:custom", onMessage);
    };
  }
  return { render };
};
