"""Back-pressure between a fast producer and a browser that may be slow, hidden, hung or gone.

Nothing in Jupyter slows a producer down, so the sender does: at most `window` frames are on their way
unacknowledged, at most `max_fps` leave in a second, and whatever comes in between stays in the mailbox
where the next one replaces it (the mailbox counts those). A browser acknowledges in groups, because a
message from browser to kernel costs far more than a frame. When an answer takes longer than the
quickest did, frames wait somewhere on the way: then fewer leave, until those that leave are fresh again.
When acknowledgements stay away for `patience_s` nobody is watching; the first sign of life starts it.

This module knows nothing about pictures, widgets or Jupyter.
"""

import threading
import time

from .kernel_loop import kernel_loop

QUEUE_MS = 40.0  # how much later than the quickest answer one may come before the pace slows
SLOWER, FASTER = 1.25, 0.95  # what the gap between two frames is multiplied by
MAX_GAP_S = 0.125


class PacedSender:
    """Takes the newest item out of a mailbox and transmits it, never faster than it is seen."""

    def __init__(
        self,
        mailbox,
        transmit,
        *,
        window=24,
        max_fps=60.0,
        patience_s=4.0,
        on_error=None,
        loop=None,
    ):
        self.mailbox = mailbox
        self.window = window
        self.min_gap_s = self.gap_s = 1.0 / max_fps
        self.patience_s = patience_s
        self.sent = 0
        self.acknowledged = 0
        self.watched = True
        self.round_trip_ms = 0.0
        self._quickest_ms = float("inf")
        self.on_watched = None  # called with True or False when somebody starts or stops watching
        self._transmit = transmit
        self._on_error = on_error
        self._loop = loop or kernel_loop()
        self._lock = threading.Lock()
        self._scheduled = False
        self._due = 0.0
        self._heard = time.perf_counter()
        self._sent_at = {}

    @property
    def in_flight(self):
        """How many items left and were not acknowledged yet."""
        return self.sent - self.acknowledged

    def wake(self, *_):
        """There is something in the mailbox; safe from every thread, cheap, never blocks."""
        with self._lock:
            if self._scheduled:
                return
            self._scheduled = True
        self._loop.call_soon(self._pump)

    def acknowledge(self, index):
        """The browser has seen everything up to `index`."""
        now = time.perf_counter()
        with self._lock:
            self.acknowledged = min(max(self.acknowledged, int(index)), self.sent)
            left = self._sent_at.pop(int(index), None)
            self._sent_at = {i: t for i, t in self._sent_at.items() if i > self.acknowledged}
        if left is not None:
            self._adapt(1000 * (now - left))
        self._hear(now)

    def reset(self):
        """A page was opened or loaded again: whatever was on its way is lost."""
        with self._lock:
            self.acknowledged = self.sent
            self._sent_at.clear()
        self._hear(time.perf_counter())

    def leave(self):
        """The viewer went out of sight: stop sending without waiting for the window to fill."""
        self._set_watched(False)

    def _adapt(self, round_trip_ms):
        """Slow down while frames queue up on the way, and quicken again when they do not."""
        self.round_trip_ms = round_trip_ms
        self._quickest_ms = min(1.02 * self._quickest_ms, round_trip_ms)
        waits = round_trip_ms > self._quickest_ms + QUEUE_MS
        gap_s = self.gap_s * (SLOWER if waits else FASTER)
        self.gap_s = min(max(gap_s, self.min_gap_s), max(MAX_GAP_S, self.min_gap_s))

    def _hear(self, now):
        self._heard = now
        self._set_watched(True)
        self.wake()

    def _set_watched(self, watched):
        if watched != self.watched:
            self.watched = watched
            if self.on_watched:
                self.on_watched(watched)

    def _pump(self):
        wait_s = self._due - time.perf_counter()
        if wait_s > 0:
            self._loop.call_later(wait_s, self._pump)
            return
        with self._lock:
            self._scheduled = False
        if self.in_flight >= self.window:
            self._check_patience()
        elif self.watched:
            self._send_newest()

    def _check_patience(self):
        if time.perf_counter() - self._heard > self.patience_s:
            self._set_watched(False)

    def _send_newest(self):
        item = self.mailbox.take()
        if item is None:
            return
        now = time.perf_counter()
        with self._lock:
            self.sent += 1
            if not self.in_flight > 1:  # after a quiet spell patience starts anew
                self._heard = now
            self._sent_at[self.sent] = now
            self._due = now + self.gap_s
        self._deliver(item, self.sent)

    def _deliver(self, item, index):
        try:
            self._transmit(item, index)
        except Exception as error:
            if self._on_error is None:
                raise
            self._on_error(error)
