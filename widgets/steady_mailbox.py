"""Frames that are made in bursts, shown at a steady rate.

A chunk of frames comes at once and the next one takes a while. A few frames may wait here; while they
do, whoever makes them is held up a little, so that nothing queues up and no frame is lost. When the
kernel's loop is busy for long, frames pass unheld. It knows nothing about pictures.
"""

import threading
import time
from collections import deque

from .kernel_loop import kernel_loop
from .recorder import TappedMailbox

PATIENCE_S = 0.5  # how long a frame waits for room before it passes by


class SteadyMailbox(TappedMailbox):
    """A mailbox that hands on `fps` items a second; `ahead` of them may wait."""

    def __init__(self, fps, *, ahead=2, loop=None):
        super().__init__()
        self.gap_s = 1.0 / fps
        self.ahead = ahead
        self._loop = loop or kernel_loop()
        self._room = threading.Condition()
        self._waiting = deque()
        self._ticking = False
        self._due = 0.0

    @property
    def waiting(self):
        """How many items wait for their moment."""
        return len(self._waiting)

    def put(self, item):
        """Take `item`; returns when fewer than `ahead` others wait, at the latest after a moment."""
        with self._room:
            self._room.wait_for(lambda: len(self._waiting) < self.ahead, PATIENCE_S)
            self._waiting.append(item)
            if self._ticking and len(self._waiting) <= self.ahead:
                return
            self._ticking = True
        self._schedule()

    def _schedule(self):
        wait_s = self._due - time.perf_counter()
        if wait_s > 0:
            self._loop.call_later(wait_s, self._tick)
        else:
            self._loop.call_soon(self._tick)

    def _tick(self):
        with self._room:
            if not self._waiting:
                self._ticking = False
                return
            now = time.perf_counter()
            late = len(self._waiting) > self.ahead
            items = [self._waiting.popleft() for _ in range(1 + late * (len(self._waiting) - 1))]
            self._due = max(self._due, now - self.gap_s) + self.gap_s
            self._room.notify_all()
        for item in items:
            super().put(item)
        self._schedule()
