// Files travel in parts: the server cuts connections that send too much at once.

const PART_BYTES = 1 << 20;

/** Send the file that an <input type=file> holds, as messages of that kind, and empty the input. */
async function sendFile(model, input, kind) {
  const [chosen] = input.files;
  if (!chosen) return;
  const bytes = await chosen.arrayBuffer();
  const parts = Math.max(1, Math.ceil(bytes.byteLength / PART_BYTES));
  for (let part = 0; part < parts; part += 1) {
    const piece = bytes.slice(part * PART_BYTES, (part + 1) * PART_BYTES);
    model.send({ kind, name: chosen.name, part, parts }, undefined, [piece]);
  }
  input.value = "";
}
