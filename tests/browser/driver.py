"""Drives a notebook in JupyterLab as a person would: real mouse, real keys, and eyes on the canvas."""

import contextlib
import json
import sys
import time

import page_scripts as scripts
import psutil


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
        self.page.wait_for_function(scripts.CONNECTED, arg=self.name, timeout=120_000)

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
        return self.page.evaluate(scripts.IN_SIGHT) >= part

    def finished(self):
        """Whether no cell waits or runs any more."""
        return self.page.evaluate(scripts.NOTHING_RUNS)

    def cell_errors(self):
        """Errors among the outputs of all cells."""
        return self.page.evaluate(scripts.CELL_ERRORS)

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
        self.wait_until(lambda: self._healthy() and self.painted() >= count + more, timeout_s)
        return self.painted()

    def _healthy(self):
        """True, unless a cell failed: then no picture will ever come."""
        errors = self.cell_errors()
        assert not errors, errors
        return True

    def wait_for_arrivals(self, more, timeout_s=120):
        """Wait until `more` further pictures came to the page, painted or overtaken by newer ones."""
        number = "Number(document.querySelector('.pg-frame')?.dataset.index || 0)"
        count = self.page.evaluate(f"() => {number}")
        self.page.wait_for_function(
            f"(n) => {number} >= n", arg=count + more, timeout=1000 * timeout_s
        )

    def painted(self):
        """How many pictures were painted on the first view."""
        script = "() => Number(document.querySelector('.pg-frame')?.dataset.frames || 0)"
        return self.page.evaluate(script)

    def picture(self):
        """The painted picture as 64 x 64 RGBA numbers, or None."""
        return self.page.evaluate(scripts.LOOK)

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
        self.page.evaluate(scripts.WATCH)
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

    def wait_until(self, true, timeout_s=20):
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

    def dial_latency(self, count=40):
        """From a turned dial to the first painted picture that answers it, ms, beside what bounds it.

        In turns with it an empty message goes to the kernel and back and the page paints: on an idle
        machine that takes little, on a busy one it tells what the machine adds to everything.
        """
        pairs = [
            (self.page.evaluate(scripts.CHANGE_TO_PAINT), self.page.evaluate(scripts.ECHO))
            for _ in range(count)
        ]
        paints, echoes = (sorted(times) for times in zip(*pairs, strict=True))
        half, most = count // 2, int(0.95 * count) - 1
        meter = json.loads(self.python(scripts.METER))
        return {
            "latency_p50_ms": paints[half], "latency_p95_ms": paints[most],
            "echo_p50_ms": echoes[half], "echo_p95_ms": echoes[most],
            "step_ms": meter["ms"]["step"], "fps": meter["fps"],
        }  # fmt: skip

    def pad_difference(self):
        """Mean difference between the pad in the page and the pixels that Python keeps, 0..255."""
        shown = self.page.evaluate(scripts.LOOK_AT_PAD)
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
        return self.page.evaluate(scripts.RUN_CODE, code)


@contextlib.contextmanager
def running(chromium, lab, name, app, *, height=900, wide=False, **more):
    """A notebook whose app streams, in a page of its own; when it ends, no error was seen there.

    `wide` puts JupyterLab's list of files away; `more` is for the browser's context.
    """
    context = chromium.new_context(viewport={"width": 1280, "height": height}, **more)
    notebook = Notebook(context.new_page(), lab, lab.notebook(name, app)).open()
    if wide:
        notebook.command("application:toggle-left-area")
    notebook.run_all()
    notebook.wait_for_picture(5)
    yield notebook
    assert notebook.errors == []
    notebook.shut_down()
    context.close()


def check_latency(notebook, capsys):
    """Print a notebook's latency: two steps and 100 ms are wanted, and bounded is what comes on top.

    That is twice what the machine takes for an empty answer at the same time, so that the test
    measures this project and not its neighbours.
    """
    took = notebook.dial_latency()
    took["wanted_p95_ms"] = wanted_ms = 2 * took["step_ms"] + 100
    with capsys.disabled():
        sys.stdout.write(json.dumps({name: round(x, 1) for name, x in took.items()}) + "\n")
    assert took["latency_p50_ms"] <= wanted_ms + 2 * took["echo_p50_ms"], took
    assert took["latency_p95_ms"] <= wanted_ms + 2 * took["echo_p95_ms"], took


def difference(one, other):
    """Mean difference of two looks, 0..255."""
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) / len(one)
