"""The four guidance types side by side: turn the scale and the steps, see pictures and cost."""

import threading
from dataclasses import replace

import ipywidgets
from IPython.display import display

from .dials import Dials
from .experiments import guidance_sheet
from .image_dials import STEPS, WORDS
from .kernel_loop import kernel_loop
from .status_line import StatusLine

DIALS = (
    replace(WORDS, name="scale", label="how much the words count", value=1.6, high=4.0, step=0.1),
    replace(STEPS, value=4, options=(1, 2, 4)),
)


class GuidanceCompare:
    """`GuidanceCompare(stream, drawing).show()`; computes again, in the background, when turned."""

    def __init__(self, stream, drawing):
        self.stream, self.drawing = stream, drawing
        self._loop = kernel_loop()
        self._lock = threading.Lock()
        self._wish = None
        self._worker = None
        self.status = StatusLine()
        self.dials = Dials(DIALS, on_change=self._on_turn, on_error=self.status.fail)
        self.dials.add_class("pg-row-of-dials")
        self.sheet = ipywidgets.HTML()
        self.root = ipywidgets.VBox([self.dials, self.sheet, self.status])
        self.refresh(dict(self.dials.values))

    def show(self):
        """Display it in this cell."""
        display(self.root)

    def refresh(self, wish):
        """Compute for `wish`, the newest if several come while one is under way."""
        with self._lock:
            self._wish = wish
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name="playground-compare")
                self._worker.start()

    def wait(self):
        """Wait until nothing is under way any more."""
        while (worker := self._worker) is not None:
            worker.join()

    def _on_turn(self, name, value):
        self.refresh({**self.dials.values, name: value})

    def _work(self):
        while (wish := self._next()) is not None:
            try:
                html = guidance_sheet(self.stream, self.drawing, **wish)._repr_html_()
            except Exception as error:
                self._loop.call_soon(lambda error=error: self.status.fail(error))
            else:
                self._loop.call_soon(lambda html=html: setattr(self.sheet, "value", html))

    def _next(self):
        with self._lock:
            wish, self._wish = self._wish, None
            if wish is None:
                self._worker = None
            return wish
