"""Saves what was just seen, or the whole run, as a clip: format, progress, cancel, and where it went.

The clip is written on a thread of its own and has its name when it is whole. Prompts go along as subtitles.
Knows no streams: `make(what)` gives the frames, and `on_run(bool)` turns the recording of the run on or off.
"""

import time

import traitlets

from playground.frames.exporting import BackgroundExport
from playground.frames.pixels import resized

from .kernel_loop import kernel_loop
from .panel import Panel, script, style

FORMATS = ("mp4", "gif", "webp", "png", "zip")
SPANS = {"5": "the last 5 s", "15": "the last 15 s", "30": "the last 30 s"}
RUN = "run"
SIDE_PX = {
    "mp4": 512,
    "gif": 256,
    "webp": 256,
    "png": 1,
    "zip": 1,
}  # smaller pictures are enlarged smoothly
TELL_S = 0.1  # between two words about the progress


class ExportBar(Panel):
    """`make(what)` gives (frames, options of the export); `place(ending)` a path that is free."""

    _esm = script("common", "export_bar")
    _css = style("export_bar")

    formats = traitlets.List(list(FORMATS)).tag(sync=True)
    spans = traitlets.List([list(pair) for pair in SPANS.items()]).tag(sync=True)
    share = traitlets.Float(-1.0).tag(sync=True)  # 0..1; below 0 = nobody knows
    running = traitlets.Bool(False).tag(sync=True)
    message = traitlets.Unicode("").tag(sync=True)
    recorded = traitlets.Bool(False).tag(sync=True)  # whether the run is written down

    def __init__(self, make, place, *, on_run=None, on_end=None):
        handlers = {"save": self._on_save, "cancel": lambda *_: self.cancel(), "run": self._on_run}
        super().__init__(handlers)
        self._make, self._place, self._run, self._ended = make, place, on_run, on_end
        self._loop, self._job, self._told = kernel_loop(), None, 0.0

    def save(self, what="5", ending="mp4"):
        """Begin to write a clip of the last seconds, or of the run."""
        if self.running:
            raise ValueError("one clip must be finished before the next is saved; or cancel it")
        if ending not in FORMATS:
            raise ValueError(f"format must be one of {', '.join(FORMATS)}, got {ending!r:.80}")
        if what not in (*SPANS, RUN):
            raise ValueError(f"what must be one of {', '.join((*SPANS, RUN))}, got {what!r:.80}")
        frames, options = self._make(what)
        path, tell = self._place(ending), self._on_progress
        self.trouble, self.running, self.share = "", True, -1.0
        self.message, self._told = f"Writing {path} …", 0.0
        pairs = _enlarged(frames, SIDE_PX[ending])
        try:
            self._job = BackgroundExport(pairs, path, on_progress=tell, **options)
        except Exception:
            self.running, self.message = False, ""
            raise

    def cancel(self):
        """Stop, and leave no file."""
        if self._job is not None:
            self._job.cancel()

    def join(self, timeout_s=None):
        """Wait until the clip is written; for scripts and tests."""
        return self._job is None or self._job.join(timeout_s)

    def tell_run(self, recorded, message=""):
        """Show whether the run is written down."""
        spans = {**SPANS, RUN: "the whole run"} if recorded else SPANS
        with self.hold_sync():
            self.recorded, self.message = recorded, message
            self.spans = [list(pair) for pair in spans.items()]

    def _on_save(self, content, _):
        self.save(content["what"], content["format"])

    def _on_run(self, content, _):
        try:
            self._run(bool(content["value"]))
        except Exception:
            self.send_state("recorded")  # the browser shows what was wished for
            raise

    def _on_progress(self, job):
        """On the export's thread: hand on the news, but not all of it."""
        ended = job.progress.finished or job.error or job.cancelled
        now = time.perf_counter()
        if ended or now - self._told > TELL_S:
            self._told = now
            self._loop.call_soon(lambda: self._show(job, ended))

    def _show(self, job, ended):
        done = job.progress
        with self.hold_sync():
            self.running = not ended
            self.share = -1.0 if done.share is None else done.share
            if job.error is not None:
                self.message = ""
                self.trouble = f"{type(job.error).__name__}: {job.error}"
            elif done.finished:
                where = f"{job.path.parent}, {job.path.stem}_00000.png and on"
                self.message = f"Saved {done.done} frames to " + (
                    where if job.path.suffix == ".png" else str(job.path)
                )
            else:
                self.message = "Cancelled; nothing was saved." if ended else f"{done.done} frames"
        if ended and self._ended:
            self._ended()


def _enlarged(frames, side_px):
    """The frames, tiny ones large enough to be looked at."""
    for picture, text in frames:
        scale = -(-side_px // max(picture.shape[:2]))
        size = picture.shape[0] * scale, picture.shape[1] * scale
        yield (resized(picture, size) if scale > 1 else picture), text
