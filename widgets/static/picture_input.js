// Pictures that people bring: cut to a square here, so that only a small PNG travels.

/** Send the picture in `blob` to Python as a square PNG of `model.side_px`. */
async function sendPicture(model, blob) {
  const side = model.get("side_px");
  const bitmap = await createImageBitmap(blob);
  const cut = Math.min(bitmap.width, bitmap.height);
  const canvas = h("canvas", { width: side, height: side });
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, side, side);
  context.imageSmoothingQuality = "high";
  context.drawImage(
    bitmap, (bitmap.width - cut) / 2, (bitmap.height - cut) / 2, cut, cut, 0, 0, side, side,
  );
  bitmap.close();
  const png = await new Promise((done) => canvas.toBlob(done, "image/png"));
  model.send({ kind: "picture" }, undefined, [await png.arrayBuffer()]);
}

/** The first picture among pasted or dropped things, or null. */
function pictureIn(transfer) {
  const files = [...(transfer?.files || [])];
  return files.find((file) => file.type.startsWith("image/")) || null;
}
