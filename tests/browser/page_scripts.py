"""What the driver runs inside the page (JavaScript) and in the notebook's kernel (METER)."""

# Finds the painted picture, as numbers 0..255, scaled to 64 x 64.
LOOK = """() => {
  const canvas = document.querySelector('.pg-frame');
  if (!canvas || !canvas.dataset.frames) return null;
  const small = document.createElement('canvas');
  small.width = small.height = 64;
  const context = small.getContext('2d', {willReadFrequently: true});
  context.drawImage(canvas, 0, 0, 64, 64);
  return Array.from(context.getImageData(0, 0, 64, 64).data);
}"""

CONNECTED = """(name) => {
  const panel = window.jupyterapp?.shell?.currentWidget;
  if (!panel?.context?.isReady || !panel.context.path.endsWith(name)) return false;
  const kernel = panel.sessionContext.session?.kernel;
  return kernel?.connectionStatus === 'connected' && kernel.status === 'idle';
}"""

# Notes in the page itself when the pen went down and when the painted picture changed after that.
WATCH = """() => {
  const look = () => {
    const small = document.createElement('canvas');
    small.width = small.height = 32;
    const context = small.getContext('2d');
    context.drawImage(document.querySelector('.pg-frame'), 0, 0, 32, 32);
    return context.getImageData(0, 0, 32, 32).data;
  };
  const before = look();
  const seen = window.pgSeen = { down: null, changed: null };
  const pad = document.querySelector('.pg-pen-layer');
  pad.addEventListener('pointerdown', () => { seen.down ??= performance.now(); }, { once: true });
  document.querySelector('.pg-frame').addEventListener('pg-painted', function watch() {
    const now = look();
    let sum = 0;
    for (let at = 0; at < now.length; at += 1) sum += Math.abs(now[at] - before[at]);
    if (seen.down === null || sum / now.length < 0.2) return;
    seen.changed = performance.now();
    this.removeEventListener('pg-painted', watch);
  });
}"""

# Which part of the picture can be seen, 0..1.
IN_SIGHT = """() => new Promise((done) => {
  const canvas = document.querySelector('.pg-frame');
  if (!canvas) { done(0); return; }
  const sight = new IntersectionObserver((changes) => {
    sight.disconnect();
    done(changes[changes.length - 1].intersectionRatio);
  });
  sight.observe(canvas);
})"""

NOTHING_RUNS = """() => {
  const cells = window.jupyterapp.shell.currentWidget.content.widgets;
  return cells.every((cell) => cell.model.type !== 'code' || !cell.model.sharedModel.source.trim()
    || cell.model.executionCount !== null) && cells.every((cell) => cell.prompt !== '*');
}"""

CELL_ERRORS = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .filter((cell) => cell.model.type === 'code')
  .flatMap((cell) => cell.model.outputs.toJSON())
  .filter((output) => output.output_type === 'error')
  .map((output) => output.ename + ': ' + output.evalue)"""

# Turns a dial; gives the ms until the first picture that answers it was painted.
CHANGE_TO_PAINT = """() => new Promise((done) => {
  const slider = document.querySelector('.pg-dial[data-name=closeness] input');
  const canvas = document.querySelector('.pg-frame');
  const before = Number(canvas.dataset.version);
  const began = performance.now();
  const seen = () => {
    if (Number(canvas.dataset.version) <= before) return;
    canvas.removeEventListener('pg-painted', seen);
    done(performance.now() - began);
  };
  canvas.addEventListener('pg-painted', seen);
  slider.value = Number(slider.value) > 0.5 ? 0.3 : Number(slider.value) + 0.04;
  slider.dispatchEvent(new Event('input', { bubbles: true }));
})"""

# What the machine takes for the way alone: to the kernel's loop and back, decode a picture, paint it.
ECHO = """async () => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const began = performance.now();
  await kernel.requestExecute({code: '', silent: true, store_history: false}).done;
  (await createImageBitmap(document.querySelector('.pg-frame'))).close();
  for (const turn of [1, 2]) await new Promise((done) => requestAnimationFrame(done));
  return performance.now() - began;
}"""

METER = """import json
snapshot = app.engine.meter.snapshot()
print(json.dumps({"fps": snapshot["fps"], "ms": snapshot["ms"]}))"""

LOOK_AT_PAD = """() => {
  const canvas = document.querySelector('canvas.pg-pad-canvas, .pg-pad-canvas canvas');
  const small = document.createElement('canvas');
  small.width = small.height = 64;
  const context = small.getContext('2d');
  context.imageSmoothingQuality = 'high';
  context.drawImage(canvas, 0, 0, 64, 64);
  return Array.from(context.getImageData(0, 0, 64, 64).data);
}"""

RUN_CODE = """async (code) => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const future = kernel.requestExecute({code, store_history: false, silent: false});
  let text = '';
  future.onIOPub = ({header, content}) => {
    if (header.msg_type === 'stream') text += content.text;
    if (header.msg_type === 'error') text += content.ename + ': ' + content.evalue;
  };
  await future.done;
  return text.trim();
}"""
