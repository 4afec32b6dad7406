// Drawing, camera or file. Camera pictures are cut to a square here; the next leaves when Python asks.

const LABELS = { drawing: "your drawing", camera: "camera", file: "a picture or film" };
const CAMERA_GAP_MS = 66;

export default () => {
  function render({ model, el }) {
    const video = h("video", { class: "pg-camera", muted: true, playsinline: true, hidden: true,
      "aria-label": "your camera" });
    video.muted = true;
    const name = h("span", { class: "pg-file-name" });
    const file = h("input", { type: "file", accept: "image/*,video/*", hidden: true });
    const buttons = Object.entries(LABELS).map(([kind, label]) =>
      h("button", { class: "pg-segment", type: "button", role: "radio", "data-kind": kind,
        onclick: () => choose(kind) }, label));
    el.classList.add("pg-panel", "pg-source-box");
    el.append(h("span", { class: "pg-dial-label" }, "input from"),
      h("div", { class: "pg-segments", role: "radiogroup", "aria-label": "input" }, ...buttons),
      name, video, file);
    let stream = null;
    let sentAt = 0;

    function choose(kind) {
      if (kind === "file") file.click();
      else if (kind === "camera") openCamera();
      else model.send({ kind: "source", value: kind });
    }

    async function openCamera() {
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 } });
      } catch (error) {
        model.send({ kind: "trouble", text: `The camera could not be opened: ${error.message}` });
        return;
      }
      video.srcObject = stream;
      await video.play();
      model.send({ kind: "source", value: "camera" });
      sendPicture();
    }

    function closeCamera() {
      stream?.getTracks().forEach((track) => track.stop());
      stream = null;
      video.srcObject = null;
    }

    async function sendPicture() {
      if (!stream) return;
      const side = model.get("side_px");
      const canvas = h("canvas", { width: side, height: side });
      const cut = Math.min(video.videoWidth, video.videoHeight);
      const context = canvas.getContext("2d");
      context.translate(side, 0);
      context.scale(-1, 1); // as in a mirror
      context.drawImage(video, (video.videoWidth - cut) / 2, (video.videoHeight - cut) / 2,
        cut, cut, 0, 0, side, side);
      const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
      sentAt = performance.now();
      model.send({ kind: "camera" }, undefined, [await blob.arrayBuffer()]);
    }

    file.addEventListener("change", () => sendFile(model, file, "file"));
    const onMessage = (message) => {
      if (message.kind === "next") {
        setTimeout(sendPicture, Math.max(0, sentAt + CAMERA_GAP_MS - performance.now()));
      }
    };
    model.on("msg:custom", onMessage);
    const stops = [
      follow(model, "kind", (kind) => {
        buttons.forEach((button) => button.setAttribute("aria-checked", button.dataset.kind === kind));
        video.hidden = kind !== "camera";
        if (kind !== "camera") closeCamera();
      }),
      follow(model, "name", (text) => { name.textContent = text; }),
      troubleLine(model, el),
    ];
    return () => {
      closeCamera();
      model.off("msg:custom", onMessage);
      stops.forEach((stop) => stop());
    };
  }
  return { render };
};
