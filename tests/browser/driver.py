"""Drives a notebook in JupyterLab as a person would: real mouse, real keys, and eyes on the canvas."""

import json
import time

import psutil

CANVAS = ".pg-frame"

# Finds the painted picture, as numbers 0..255, scaled to 64 x 64.
LOOK = """() => {
  const canvas = document.querySelector('.pg-frame');
  if (!canvas || !canvas.dataset.frames) return null;
  const small = document.createElement('canvas');
  small.width = small.height = 64;
  small.getContext('2d').drawImage(canvas, 0, 0, 64, 64);
  return Array.from(small.getContext('2d').getImageData(0, 0, 64, 64).data);
}"""

CONNECTED = """(name) => {
  const panel = window.jupyterapp?.shell?.currentWidget;
  if (!panel?.context?.isReady || !panel.context.path.endsWith(name)) return false;
  const kernel = panel.sessionContext.session?.kernel;
  return kernel?.connectionStatus === 'connected' && kernel.status === 'idle';
}"""


class Notebook:
    """One notebook in one page."""

    def __init__(self, page, lab, name):
        self.page, self.lab, self.name = page, lab, name
        self.errors = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self):
        """Open the notebook and wait for its kernel."""
        self.page.goto(self.lab.url(self.name), wait_until="domcontentloaded", timeout=120_000)
        self.wait_for_kernel()
        return self

    def wait_for_kernel(self):
        """Wait until JupyterLab stands and the notebook has a kernel that is connected."""
        self.page.wait_for_function(CONNECTED, arg=self.name, timeout=120_000)

    def command(self, name, **arguments):
        """Run one of JupyterLab's commands."""
        script = "([name, args]) => window.jupyterapp.commands.execute(name, args).then(() => null)"
        return self.page.evaluate(script, [name, arguments])

    def run_all(self):
        """Run all cells; returns when they were handed in."""
        self.wait_for_kernel()  # cells handed to a kernel that is still starting may be lost
        self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")

    def in_sight(self, part=0.9):
        """Whether at least `part` of the picture is in the window."""
        return self.page.evaluate(IN_SIGHT) >= part

    def finished(self):
        """Whether no cell waits or runs any more."""
        return self.page.evaluate(NOTHING_RUNS)

    def cell_errors(self):
        """Errors among the outputs of all cells."""
        return self.page.evaluate(CELL_ERRORS)

    def show_app(self):
        """Scroll to the app."""
        self.page.evaluate(
            "() => document.querySelector('.pg-app').scrollIntoView({block: 'start'})"
        )

    def save(self):
        """Save the notebook with its outputs."""
        self.command("docmanager:save")

    def wait_for_picture(self, more=1, timeout_s=120):
        """Wait until `more` further pictures were painted; gives how many there are."""
        count = self.painted()
        self.page.wait_for_function(
            "(n) => Number(document.querySelector('.pg-frame')?.dataset.frames || 0) >= n",
            arg=count + more, timeout=1000 * timeout_s,
        )  # fmt: skip
        return self.painted()

    def painted(self):
        """How many pictures were painted on the first view."""
        script = "() => Number(document.querySelector('.pg-frame')?.dataset.frames || 0)"
        return self.page.evaluate(script)

    def picture(self):
        """The painted picture as 64 x 64 RGBA numbers, or None."""
        return self.page.evaluate(LOOK)

    def draw(self, *points, pause_s=0.01):
        """Draw one stroke on the pad; points are parts (0..1) of its width and height."""
        box = self.page.locator(".pg-pen-layer").first.bounding_box()
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
        mouse = self.page.mouse
        mouse.move(*places[0])
        mouse.down()
        for place in places[1:]:
            mouse.move(*place, steps=6)
            time.sleep(pause_s)
        mouse.up()

    def draw_and_watch(self, *points):
        """Draw one stroke; ms from the pen's touch to the first picture that shows it."""
        self.page.evaluate(WATCH)
        self.draw(*points, pause_s=0)
        self.page.wait_for_function("() => window.pgSeen.changed !== null", timeout=15_000)
        return self.page.evaluate("() => window.pgSeen.changed - window.pgSeen.down")

    def touch(self, *points):
        """Draw one stroke with a finger."""
        box = self.page.locator(".pg-pen-layer").first.bounding_box()
        session = self.page.context.new_cdp_session(self.page)
        for kind, (x, y) in zip(["touchStart", *["touchMove"] * len(points)], points, strict=False):
            place = {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [place]})
            time.sleep(0.03)
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def wait_until(self, true, timeout_s=10):
        """Wait until `true()` is; raises with its last value."""
        until = time.monotonic() + timeout_s
        while not (value := true()):
            if time.monotonic() > until:
                raise AssertionError(f"not within {timeout_s} s, last {value!r}")
            self.page.wait_for_timeout(30)

    def age_ms(self):
        """How old the newest picture was when it was painted; waits for a new one."""
        self.wait_for_picture(1, timeout_s=10)
        return self.page.evaluate("() => Number(document.querySelector('.pg-frame').dataset.ageMs)")

    def pad_difference(self):
        """Mean difference between the pad in the page and the pixels that Python keeps, 0..255."""
        shown = self.page.evaluate(LOOK_AT_PAD)
        kept = self.python(
            "import json, numpy; from PIL import Image;"
            "print(json.dumps(numpy.asarray(Image.fromarray(app.pad.picture).resize((64, 64), 5)).tolist()))"
        )
        flat = [value for row in json.loads(kept) for pixel in row for value in (*pixel, 255)]
        return difference(shown, flat)

    def still_favicon(self):
        """Stop JupyterLab from swapping its icon at every message.

        A browser that is driven from outside keeps the bytes of everything it loads, that icon too:
        27 MB a minute that no real page has.
        """
        self.page.evaluate(
            "() => document.querySelectorAll('link[rel~=icon]').forEach((l) => l.remove())"
        )

    def page_memory_mb(self):
        """Memory of the browser's pages, after its garbage was collected."""
        session = self.page.context.new_cdp_session(self.page)
        for _ in range(2):
            session.send("HeapProfiler.collectGarbage")
            time.sleep(1)
        renderers = [
            process
            for process in psutil.Process().children(recursive=True)
            if "--type=renderer" in " ".join(process.cmdline())
        ]
        return sum(process.memory_full_info().pss for process in renderers) / 2**20

    def restart_kernel(self):
        """Restart the kernel and wait until it is there again."""
        self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
        )
        self.wait_for_kernel()

    def shut_down(self):
        """End the notebook's kernel."""
        self.lab.end_kernel(self.name)

    def python(self, code):
        """Run code in the notebook's kernel and give what it prints."""
        return self.page.evaluate(RUN_CODE, code)


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


def difference(one, other):
    """Mean difference of two looks, 0..255."""
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) / len(one)
