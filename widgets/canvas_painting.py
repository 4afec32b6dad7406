"""Painting on ipycanvas so that it survives threads, exceptions and page reloads.

ipycanvas keeps one process-wide queue and remembers in Python alone which canvas it drew on last. Two
threads mix their strokes up; after a page reload the next command would reach a canvas that the page
does not know yet, and every canvas of that page stays blank. So: one lock around every painting, all
its commands in one message, and each message names its canvas anew.
"""

import threading
from contextlib import contextmanager

from ipycanvas import canvas as ipycanvas_module

_LOCK = threading.RLock()


@contextmanager
def painting(canvas):
    """Collect the commands that are drawn on `canvas` and send them as one message."""
    queue = ipycanvas_module._CANVAS_MANAGER
    with _LOCK:
        queue._current_canvas = None
        queue._caching = True
        try:
            yield canvas
            queue.flush()
        finally:
            queue._caching = False
            queue._commands_cache, queue._buffers_cache = [], []
            queue._current_canvas = None
